-- The upper nodes of the audit tree, so that a checkpoint reads what is new and not every act again.
-- +goose Up
CREATE TABLE audit_node (
    tenant_id BIGINT NOT NULL,
    level     BIGINT NOT NULL,
    n         BIGINT NOT NULL,
    hash      BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, level, n)
);
-- place audit_node: by tenant, without rowid
