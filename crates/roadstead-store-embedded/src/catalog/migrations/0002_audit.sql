CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY,
    time BIGINT NOT NULL,
    tenant BIGINT,
    principal BIGINT,
    credential BIGINT,
    address TEXT,
    door TEXT NOT NULL,
    action TEXT NOT NULL,
    resource BIGINT,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_tenant ON audit (tenant, sequence);
