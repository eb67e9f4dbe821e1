-- OWNER, all sites
Alarm: it.tenant_id = $1::UUID
ApiKey: it.organization_id = $1::UUID
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
Person: it.tenant_id = $1::UUID AND it.deleted_at IS NULL
Site: it.tenant_id = $1::UUID
Stay: it.tenant_id = $1::UUID
    without pickupCode
Survey: it.tenant_id = $1::UUID AND (it.site_id IS NULL OR it.tenant_id = $1::UUID)
VendorAccount: it.tenant_id = $1::UUID
Viewer: it.id = $1::UUID
-- OWNER, some sites
Alarm: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
ApiKey: it.organization_id = $1::UUID
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
Person: it.tenant_id = $1::UUID AND it.deleted_at IS NULL
Site: it.tenant_id = $1::UUID AND it.id = ANY ($2::UUID[])
Stay: it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[])
    without pickupCode
Survey: it.tenant_id = $1::UUID AND (EXISTS (SELECT bank_1.id FROM bank AS bank_1 WHERE bank_1.tenant_id = it.tenant_id AND bank_1.connection_id = it.connection_id AND bank_1.site_id = ANY ($2::UUID[]))) AND (it.site_id IS NULL OR it.tenant_id = $1::UUID AND it.site_id = ANY ($2::UUID[]))
VendorAccount: it.tenant_id = $1::UUID AND (EXISTS (SELECT bank_1.id FROM bank AS bank_1 WHERE bank_1.tenant_id = it.tenant_id AND bank_1.connection_id = it.id AND bank_1.site_id = ANY ($2::UUID[])))
Viewer: it.id = $1::UUID
