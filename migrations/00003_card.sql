-- Persons, their memberships, their cards, and what proves that a card is in its holder's hand.
-- +goose Up
CREATE TABLE card (
    tenant_id    BIGINT NOT NULL,
    id           BIGINT NOT NULL,
    programme    TEXT   NOT NULL,
    product      TEXT   NOT NULL,
    kinds        TEXT   NOT NULL,
    membership   BIGINT NOT NULL,
    batch        BIGINT NOT NULL,
    transferable BIGINT NOT NULL,
    links        BIGINT NOT NULL,
    replaced_by  BIGINT NOT NULL,
    last4        TEXT   NOT NULL,
    number_enc   BYTEA  NOT NULL,
    pin_hash     BYTEA  NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place card: by tenant, without rowid
CREATE INDEX card_batch_cards ON card (tenant_id, batch, id) WHERE batch <> 0;
CREATE INDEX card_of_membership ON card (tenant_id, membership) WHERE membership <> 0;

-- A number is looked up by its hash alone: what it may be is told by the way in which it was presented.
CREATE TABLE instrument (
    tenant_id   BIGINT NOT NULL,
    hash        BYTEA  NOT NULL,
    type        TEXT   NOT NULL,
    card        BIGINT NOT NULL,
    last4       TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    valid_from  BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash, type)
);
-- place instrument: by tenant, without rowid
-- Partial, so that no planner without statistics takes it for a look-up by hash; numbers lead to their card anyway.
CREATE INDEX instrument_card ON instrument (tenant_id, card) WHERE type <> 'barcode';

CREATE TABLE card_membership (
    tenant_id  BIGINT NOT NULL,
    card       BIGINT NOT NULL,
    programme  TEXT   NOT NULL,
    membership BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, card, programme)
);
-- place card_membership: by tenant, without rowid

CREATE TABLE card_batch (
    tenant_id  BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    programme  TEXT   NOT NULL,
    product    TEXT   NOT NULL,
    kinds      TEXT   NOT NULL,
    rule       TEXT   NOT NULL,
    quantity   BIGINT NOT NULL CHECK (quantity > 0),
    made       BIGINT NOT NULL CHECK (made >= 0 AND made <= quantity),
    state      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place card_batch: by tenant, without rowid

-- The key of a person is wrapped beside the profile: without it nothing of the profile can be read.
CREATE TABLE person (
    tenant_id   BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    dek_wrapped BYTEA  NOT NULL,
    profile_enc BYTEA  NOT NULL,
    version     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- place person: by tenant, without rowid

CREATE TABLE person_contact (
    tenant_id BIGINT NOT NULL,
    hash      BYTEA  NOT NULL,
    kind      TEXT   NOT NULL,
    person    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash, kind)
);
-- place person_contact: by tenant, without rowid
CREATE INDEX person_contact_person ON person_contact (tenant_id, person);

CREATE TABLE membership (
    tenant_id BIGINT NOT NULL,
    id        BIGINT NOT NULL,
    person    BIGINT NOT NULL,
    programme TEXT   NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT membership_person UNIQUE (tenant_id, person, programme)
);
-- place membership: by tenant, without rowid

-- Wrong secrets of one subject: in a row since the last right one, and within a day.
CREATE TABLE proof_try (
    tenant_id    BIGINT NOT NULL,
    subject      BIGINT NOT NULL,
    fails        BIGINT NOT NULL,
    day_fails    BIGINT NOT NULL,
    day_from     BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subject)
);
-- place proof_try: by tenant, without rowid

CREATE TABLE proof_budget (
    tenant_id BIGINT NOT NULL,
    terminal  BIGINT NOT NULL,
    hour_from BIGINT NOT NULL,
    fails     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, terminal)
);
-- place proof_budget: by tenant, without rowid

CREATE TABLE proof_step (
    tenant_id BIGINT NOT NULL,
    subject   BIGINT NOT NULL,
    step      BIGINT NOT NULL,
    client    BIGINT NOT NULL,
    key       TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, subject, step)
);
-- place proof_step: by tenant, without rowid
CREATE INDEX proof_step_age ON proof_step (tenant_id, step);
