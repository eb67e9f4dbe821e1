-- RECIPIENT, all sites
Alarm: false
ApiKey: false
AuditEntry: false
Bank: EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_1 ON person_1.tenant_id = stay_1.tenant_id AND person_1.id = stay_1.recipient_id AND person_1.account_id = $1::UUID WHERE stay_1.tenant_id = $2::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.bank_id = it.id)
Carrier: EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_1 ON person_1.tenant_id = stay_1.tenant_id AND person_1.id = stay_1.recipient_id AND person_1.account_id = $1::UUID WHERE stay_1.tenant_id = $2::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.carrier_id = it.carrier_id)
Command: EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_1 ON person_1.tenant_id = stay_1.tenant_id AND person_1.id = stay_1.recipient_id AND person_1.account_id = $1::UUID WHERE stay_1.tenant_id = $2::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.id = it.stay_id)
Compartment: EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_1 ON person_1.tenant_id = stay_1.tenant_id AND person_1.id = stay_1.recipient_id AND person_1.account_id = $1::UUID WHERE stay_1.tenant_id = $2::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.compartment_id = it.id)
Event: false
Export: false
Grant: false
Opening: false
Organization: it.id = $1::UUID OR it.id = ANY ($2::UUID[])
Parcel: it.tenant_id = $1::UUID AND ((EXISTS (SELECT 1 FROM person AS person_1 WHERE person_1.tenant_id = it.tenant_id AND person_1.id = it.person_id AND person_1.account_id = $2::UUID)) OR (EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_2 ON person_2.tenant_id = stay_1.tenant_id AND person_2.id = stay_1.recipient_id AND person_2.account_id = $2::UUID WHERE stay_1.tenant_id = $1::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.id = it.stay_id)))
Pass: it.tenant_id = $1::UUID AND (EXISTS (SELECT 1 FROM person AS person_1 WHERE person_1.tenant_id = it.tenant_id AND person_1.id = it.person_id AND person_1.account_id = $2::UUID))
Person: it.tenant_id = $1::UUID AND it.account_id = $2::UUID AND it.deleted_at IS NULL
Site: EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_1 ON person_1.tenant_id = stay_1.tenant_id AND person_1.id = stay_1.recipient_id AND person_1.account_id = $1::UUID WHERE stay_1.tenant_id = $2::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.site_id = it.id)
Stay: it.tenant_id = $1::UUID AND (EXISTS (SELECT 1 FROM person AS person_1 WHERE person_1.tenant_id = it.tenant_id AND person_1.id = it.recipient_id AND person_1.account_id = $2::UUID))
Survey: false
VendorAccount: false
Viewer: it.id = $1::UUID
-- RECIPIENT, some sites
Alarm: false
ApiKey: false
AuditEntry: false
Bank: EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_1 ON person_1.tenant_id = stay_1.tenant_id AND person_1.id = stay_1.recipient_id AND person_1.account_id = $1::UUID WHERE stay_1.tenant_id = $2::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.bank_id = it.id)
Carrier: EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_1 ON person_1.tenant_id = stay_1.tenant_id AND person_1.id = stay_1.recipient_id AND person_1.account_id = $1::UUID WHERE stay_1.tenant_id = $2::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.carrier_id = it.carrier_id)
Command: EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_1 ON person_1.tenant_id = stay_1.tenant_id AND person_1.id = stay_1.recipient_id AND person_1.account_id = $1::UUID WHERE stay_1.tenant_id = $2::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.id = it.stay_id)
Compartment: EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_1 ON person_1.tenant_id = stay_1.tenant_id AND person_1.id = stay_1.recipient_id AND person_1.account_id = $1::UUID WHERE stay_1.tenant_id = $2::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.compartment_id = it.id)
Event: false
Export: false
Grant: false
Opening: false
Organization: it.id = $1::UUID OR it.id = ANY ($2::UUID[])
Parcel: it.tenant_id = $1::UUID AND ((EXISTS (SELECT 1 FROM person AS person_1 WHERE person_1.tenant_id = it.tenant_id AND person_1.id = it.person_id AND person_1.account_id = $2::UUID)) OR (EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_2 ON person_2.tenant_id = stay_1.tenant_id AND person_2.id = stay_1.recipient_id AND person_2.account_id = $2::UUID WHERE stay_1.tenant_id = $1::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.id = it.stay_id)))
Pass: it.tenant_id = $1::UUID AND (EXISTS (SELECT 1 FROM person AS person_1 WHERE person_1.tenant_id = it.tenant_id AND person_1.id = it.person_id AND person_1.account_id = $2::UUID))
Person: it.tenant_id = $1::UUID AND it.account_id = $2::UUID AND it.deleted_at IS NULL
Site: EXISTS (SELECT 1 FROM stay AS stay_1 JOIN person AS person_1 ON person_1.tenant_id = stay_1.tenant_id AND person_1.id = stay_1.recipient_id AND person_1.account_id = $1::UUID WHERE stay_1.tenant_id = $2::UUID AND stay_1.tenant_id = it.tenant_id AND stay_1.site_id = it.id)
Stay: it.tenant_id = $1::UUID AND (EXISTS (SELECT 1 FROM person AS person_1 WHERE person_1.tenant_id = it.tenant_id AND person_1.id = it.recipient_id AND person_1.account_id = $2::UUID))
Survey: false AND it.site_id IS NULL
VendorAccount: false
Viewer: it.id = $1::UUID
