-- AUDITOR, all sites
Alarm: it.tenant_id = $1::UUID
ApiKey: false
AuditEntry: it.tenant_id = $1::UUID
Bank: it.tenant_id = $1::UUID
Carrier: it.tenant_id = $1::UUID
Command: it.tenant_id = $1::UUID
Compartment: it.tenant_id = $1::UUID
Event: it.tenant_id = $1::UUID
Export: it.tenant_id = $1::UUID
Grant: it.tenant_id = $1::UUID
Opening: it.tenant_id = $1::UUID
Organization: it.id = $1::UUID OR it.id = ANY ($2::UUID[])
Parcel: it.tenant_id = $1::UUID
Pass: it.tenant_id = $1::UUID
    without keypadCode, link, payload, payloadAuth
Person: false
    without email, name, phone, unit
Site: it.tenant_id = $1::UUID
Stay: it.tenant_id = $1::UUID
    without pickupCode
Survey: false
VendorAccount: false
Viewer: it.id = $1::UUID
-- AUDITOR, some sites
Alarm: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
ApiKey: false
AuditEntry: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
Bank: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
Carrier: it.tenant_id = $1::UUID
Command: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
Compartment: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
Event: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
Export: it.tenant_id = $1::UUID AND it.membership_id = $2::UUID
Grant: it.tenant_id = $1::UUID
Opening: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
Organization: it.id = $1::UUID OR it.id = ANY ($2::UUID[])
Parcel: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
Pass: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
    without keypadCode, link, payload, payloadAuth
Person: false
    without email, name, phone, unit
Site: it.tenant_id = $1::UUID AND it.id = ANY ($2::UUID[])
Stay: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
    without pickupCode
Survey: false AND it.site_id IS NULL
VendorAccount: false
Viewer: it.id = $1::UUID
