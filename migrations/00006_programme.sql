-- Programmes as data: immutable versions with their effective time, and the units that their accounts count.
-- +goose Up
CREATE TABLE programme (
    tenant_id  BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    issuer     BIGINT NOT NULL,
    points     BIGINT NOT NULL,
    visits     BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place programme: by tenant, without rowid

CREATE TABLE programme_version (
    tenant_id      BIGINT NOT NULL,
    programme      TEXT   NOT NULL,
    n              BIGINT NOT NULL,
    version        TEXT   NOT NULL,
    effective_from BIGINT NOT NULL,
    definition     TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    created_by     TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, programme, n)
);
-- place programme_version: by tenant, without rowid

CREATE TABLE acceptance (
    tenant_id BIGINT NOT NULL,
    programme TEXT   NOT NULL,
    merchant  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, programme, merchant)
);
-- place acceptance: by tenant, without rowid

CREATE TABLE offer_budget (
    tenant_id BIGINT NOT NULL,
    rule      TEXT   NOT NULL,
    money     BIGINT NOT NULL CHECK (money >= 0),
    uses      BIGINT NOT NULL CHECK (uses >= 0),
    PRIMARY KEY (tenant_id, rule)
);
-- place offer_budget: by tenant, without rowid
