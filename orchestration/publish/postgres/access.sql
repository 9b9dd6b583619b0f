-- Who reads what: the role that reads everything here, and the table that says of which chatbots a role sees rows.
-- A setting would be no door, because every session may set it; this table is written by its owner alone.
do $$
begin
    if not exists (select from pg_roles where rolname = 'clientele_reader') then
        create role clientele_reader nologin;
    end if;
end
$$;
grant usage on schema clientele to clientele_reader;

create table if not exists clientele.access (
    role_name name not null,
    chatbot_id text collate "C",
    unique nulls not distinct (role_name, chatbot_id)
);
comment on table clientele.access is
'One row per role and chatbot whose rows it sees, and whoever is a member of it; no chatbot stands for all. Written by hand: publications leave it alone.';
comment on column clientele.access.role_name is 'A role of the server: one that signs in, or a group.';
comment on column clientele.access.chatbot_id is 'The chatbot; null is every chatbot, and the receipts of all files.';
alter table clientele.access enable row level security;
-- Everyone sees their own lines, which is all that the other policies ask for.
drop policy if exists own_lines on clientele.access;
create policy own_lines on clientele.access for select using (
    exists (select from pg_roles where pg_roles.rolname = access.role_name and pg_has_role(pg_roles.oid, 'usage'))
);
grant select on clientele.access to clientele_reader;

-- What stands here: for the next publication, not for readers.
create table if not exists clientele.publication (
    snapshot_id text not null,
    definition text not null,
    erasures integer not null
);
comment on table clientele.publication is 'One row: what the tables beside it are. Written by each publication.';
comment on column clientele.publication.snapshot_id is 'The snapshot that the tables hold.';
comment on column clientele.publication.definition is 'What tables, views, functions and policies were made from.';
comment on column clientele.publication.erasures is 'How many sweeps for erased people the data home had behind it.';
