-- COURIER, all sites
Alarm: false
ApiKey: false
AuditEntry: false
Bank: it.tenant_id = ANY ($1::UUID[]) AND (EXISTS (SELECT 1 FROM carrier_grant AS carrier_grant_1 WHERE carrier_grant_1.tenant_id = it.tenant_id AND carrier_grant_1.carrier_id = $2::UUID AND carrier_grant_1.state = 'ACTIVE' AND carrier_grant_1.valid_from <= now() AND (carrier_grant_1.valid_to IS NULL OR carrier_grant_1.valid_to > now()) AND 'VIEW_AVAILABILITY' = ANY (carrier_grant_1.operations) AND (carrier_grant_1.all_sites OR it.site_id = ANY (carrier_grant_1.site_ids)) AND (carrier_grant_1.all_banks OR it.id = ANY (carrier_grant_1.bank_ids))))
Carrier: it.carrier_id = $1::UUID
Command: it.tenant_id = ANY ($1::UUID[]) AND it.carrier_id = $2::UUID
Compartment: it.tenant_id = ANY ($1::UUID[]) AND (EXISTS (SELECT 1 FROM carrier_grant AS carrier_grant_1 WHERE carrier_grant_1.tenant_id = it.tenant_id AND carrier_grant_1.carrier_id = $2::UUID AND carrier_grant_1.state = 'ACTIVE' AND carrier_grant_1.valid_from <= now() AND (carrier_grant_1.valid_to IS NULL OR carrier_grant_1.valid_to > now()) AND 'VIEW_AVAILABILITY' = ANY (carrier_grant_1.operations) AND (carrier_grant_1.all_sites OR it.site_id = ANY (carrier_grant_1.site_ids)) AND (carrier_grant_1.all_banks OR it.bank_id = ANY (carrier_grant_1.bank_ids)) AND (carrier_grant_1.all_sizes OR it.size = ANY (carrier_grant_1.sizes))))
Event: it.tenant_id = ANY ($1::UUID[]) AND it.carrier_id = $2::UUID
Export: false
Grant: it.carrier_id = $1::UUID
Opening: false
Organization: it.id = $1::UUID OR it.id = ANY ($2::UUID[])
Parcel: it.tenant_id = ANY ($1::UUID[]) AND it.carrier_id = $2::UUID
Pass: it.tenant_id = ANY ($1::UUID[]) AND it.carrier_id = $2::UUID
Person: it.deleted_at IS NULL AND (EXISTS (SELECT 1 FROM stay AS stay_1 WHERE stay_1.tenant_id = it.tenant_id AND stay_1.recipient_id = it.id AND stay_1.carrier_id = $1::UUID AND stay_1.tenant_id = ANY ($2::UUID[])))
    without email, phone, unit
Site: it.tenant_id = ANY ($1::UUID[]) AND (EXISTS (SELECT 1 FROM carrier_grant AS carrier_grant_1 WHERE carrier_grant_1.tenant_id = it.tenant_id AND carrier_grant_1.carrier_id = $2::UUID AND carrier_grant_1.state = 'ACTIVE' AND carrier_grant_1.valid_from <= now() AND (carrier_grant_1.valid_to IS NULL OR carrier_grant_1.valid_to > now()) AND 'VIEW_AVAILABILITY' = ANY (carrier_grant_1.operations) AND (carrier_grant_1.all_sites OR it.id = ANY (carrier_grant_1.site_ids))))
Stay: it.tenant_id = ANY ($1::UUID[]) AND it.carrier_id = $2::UUID
    without pickupCode
Survey: false
VendorAccount: false
Viewer: it.id = $1::UUID
-- COURIER, some sites
Alarm: false
ApiKey: false
AuditEntry: false
Bank: it.tenant_id = ANY ($1::UUID[]) AND it.site_id = ANY ($2::UUID[]) AND (EXISTS (SELECT 1 FROM carrier_grant AS carrier_grant_1 WHERE carrier_grant_1.tenant_id = it.tenant_id AND carrier_grant_1.carrier_id = $3::UUID AND carrier_grant_1.state = 'ACTIVE' AND carrier_grant_1.valid_from <= now() AND (carrier_grant_1.valid_to IS NULL OR carrier_grant_1.valid_to > now()) AND 'VIEW_AVAILABILITY' = ANY (carrier_grant_1.operations) AND (carrier_grant_1.all_sites OR it.site_id = ANY (carrier_grant_1.site_ids)) AND (carrier_grant_1.all_banks OR it.id = ANY (carrier_grant_1.bank_ids))))
Carrier: it.carrier_id = $1::UUID
Command: it.tenant_id = ANY ($1::UUID[]) AND it.site_id = ANY ($2::UUID[]) AND it.carrier_id = $3::UUID
Compartment: it.tenant_id = ANY ($1::UUID[]) AND it.site_id = ANY ($2::UUID[]) AND (EXISTS (SELECT 1 FROM carrier_grant AS carrier_grant_1 WHERE carrier_grant_1.tenant_id = it.tenant_id AND carrier_grant_1.carrier_id = $3::UUID AND carrier_grant_1.state = 'ACTIVE' AND carrier_grant_1.valid_from <= now() AND (carrier_grant_1.valid_to IS NULL OR carrier_grant_1.valid_to > now()) AND 'VIEW_AVAILABILITY' = ANY (carrier_grant_1.operations) AND (carrier_grant_1.all_sites OR it.site_id = ANY (carrier_grant_1.site_ids)) AND (carrier_grant_1.all_banks OR it.bank_id = ANY (carrier_grant_1.bank_ids)) AND (carrier_grant_1.all_sizes OR it.size = ANY (carrier_grant_1.sizes))))
Event: it.tenant_id = ANY ($1::UUID[]) AND it.site_id = ANY ($2::UUID[]) AND it.carrier_id = $3::UUID
Export: false
Grant: it.carrier_id = $1::UUID
Opening: false
Organization: it.id = $1::UUID OR it.id = ANY ($2::UUID[])
Parcel: it.tenant_id = ANY ($1::UUID[]) AND it.site_id = ANY ($2::UUID[]) AND it.carrier_id = $3::UUID
Pass: it.tenant_id = ANY ($1::UUID[]) AND it.site_id = ANY ($2::UUID[]) AND it.carrier_id = $3::UUID
Person: it.deleted_at IS NULL AND (EXISTS (SELECT 1 FROM stay AS stay_1 WHERE stay_1.tenant_id = it.tenant_id AND stay_1.recipient_id = it.id AND stay_1.carrier_id = $1::UUID AND stay_1.tenant_id = ANY ($2::UUID[])))
    without email, phone, unit
Site: it.tenant_id = ANY ($1::UUID[]) AND it.id = ANY ($2::UUID[]) AND (EXISTS (SELECT 1 FROM carrier_grant AS carrier_grant_1 WHERE carrier_grant_1.tenant_id = it.tenant_id AND carrier_grant_1.carrier_id = $3::UUID AND carrier_grant_1.state = 'ACTIVE' AND carrier_grant_1.valid_from <= now() AND (carrier_grant_1.valid_to IS NULL OR carrier_grant_1.valid_to > now()) AND 'VIEW_AVAILABILITY' = ANY (carrier_grant_1.operations) AND (carrier_grant_1.all_sites OR it.id = ANY (carrier_grant_1.site_ids))))
Stay: it.tenant_id = ANY ($1::UUID[]) AND it.site_id = ANY ($2::UUID[]) AND it.carrier_id = $3::UUID
    without pickupCode
Survey: false AND it.site_id IS NULL
VendorAccount: false
Viewer: it.id = $1::UUID
