CREATE TABLE counters (
    tenant BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    next BIGINT NOT NULL,
    PRIMARY KEY (tenant, kind)
);

CREATE TABLE tenants (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL
);

CREATE TABLE claim_links (
    digest TEXT PRIMARY KEY,
    made_by BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE people (
    id BIGINT PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    email TEXT NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (tenant, email)
);

CREATE TABLE credentials (
    id BIGINT PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    principal BIGINT NOT NULL,
    kind TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT,
    capabilities BIGINT NOT NULL,
    last_used BIGINT
);
CREATE INDEX credentials_by_principal ON credentials (principal);

CREATE TABLE passwords (
    person BIGINT PRIMARY KEY REFERENCES people (id),
    credential BIGINT NOT NULL REFERENCES credentials (id),
    hash TEXT NOT NULL
);

CREATE TABLE grants (
    id BIGINT PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    principal BIGINT NOT NULL,
    role TEXT NOT NULL,
    resource BIGINT NOT NULL,
    expires BIGINT,
    reason TEXT NOT NULL
);
CREATE INDEX grants_by_principal ON grants (principal);
CREATE INDEX grants_by_resource ON grants (resource);

CREATE TABLE spaces (
    id BIGINT PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    parent BIGINT NOT NULL,
    name TEXT NOT NULL,
    class TEXT NOT NULL,
    UNIQUE (parent, name)
);

CREATE TABLE assets (
    id BIGINT PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    parent BIGINT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (parent, name)
);

CREATE TABLE device_types (
    id BIGINT PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL,
    mode TEXT NOT NULL,
    UNIQUE (tenant, name)
);

CREATE TABLE device_type_sensors (
    device_type BIGINT NOT NULL REFERENCES device_types (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    quantity TEXT NOT NULL,
    PRIMARY KEY (device_type, place),
    UNIQUE (device_type, name)
);

CREATE TABLE devices (
    id BIGINT PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    parent BIGINT NOT NULL,
    name TEXT NOT NULL,
    device_type BIGINT REFERENCES device_types (id),
    created BIGINT NOT NULL,
    UNIQUE (tenant, name)
);
CREATE INDEX devices_by_parent ON devices (parent);
CREATE INDEX devices_by_type ON devices (device_type);

CREATE TABLE sensors (
    id BIGINT PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    device BIGINT NOT NULL REFERENCES devices (id),
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    quantity TEXT NOT NULL,
    UNIQUE (device, name)
);
