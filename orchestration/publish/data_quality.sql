-- How complete and how consistent the data is, as a table of every snapshot: one row per chatbot (organization null), and
-- one per chatbot and organization with conversations. Made from the snapshot's own marts when it is published: so it is
-- of all history, and exact. `normalised` is the form in which names and e-mails are compared.
create table data_quality as
-- A conversation has one owner, so any of its days tells it; grouping by the number alone is what makes this quick.
with conversations as (
    select
        any_value(days.chatbot_id) as chatbot_id,
        any_value(days.user_key) as user_key,
        any_value(not starts_with(days.user_id, 'email:')) as has_user_id,
        any_value(days.organization_key) as organization_key,
        max(days.scored_messages) > 0 as has_score,
        any_value(days.named_users) > 1 as names_several_users,
        sum(days.other_language_messages) as other_language_messages,
        sum(days.no_known_word_messages) as no_known_word_messages
    from fct_conversation_days as days
    group by days.conversation_key
),
organizations_now as (
    select * from dim_organizations where valid_to is null
),
-- Wide, because a hundred times the largest MRR does not fit its own type.
paying_organizations as (
    select chatbot_id, organization_key, cast(mrr as decimal(38, 4)) as mrr from organizations_now where mrr > 0
),
paying_users as (
    select user_key, cast(mrr as decimal(38, 4)) as mrr from dim_users where valid_to is null and mrr > 0
),
-- Names and addresses count as `clientele identity suggest` counts them: whoever ever had one has it.
emails as (
    select distinct spelled.chatbot_id, normalised(spelled.email) as email, spelled.user_key
    from (select distinct chatbot_id, email, user_key from dim_users where email is not null) as spelled
),
shared_emails as (
    select chatbot_id, email from emails group by chatbot_id, email having count(*) > 1
),
sent_ids as (
    select distinct user_key from dim_users where not starts_with(user_id, 'email:')
),
-- An id under which several people stand is none: a placeholder that a client sends for everyone it does not know.
known_by as (
    select chatbot_id, user_key, 'email' as kind, email as value from emails where user_key in (select user_key from sent_ids)
    union
    select distinct chatbot_id, user_key, 'name', normalised(user_name)
    from (select distinct chatbot_id, user_name, user_key from dim_users where user_name is not null) as spelled
    where user_key in (select user_key from sent_ids)
),
shared_ids as (
    select chatbot_id, user_key
    from (select chatbot_id, user_key, kind from known_by group by all having count(*) > 1) as several
    group by chatbot_id, user_key
),
names as (
    select distinct
        spelled.chatbot_id,
        normalised(spelled.organization_name) as name,
        spelled.organization_key,
        starts_with(spelled.organization_id, 'name:') as is_name_only
    from (
        select distinct chatbot_id, organization_name, organization_key, organization_id
        from dim_organizations
        where organization_name is not null
    ) as spelled
),
shared_names as (
    select chatbot_id, name from names where not is_name_only group by chatbot_id, name having count(*) > 1
),
-- What an organization with an id may be called when only a name is sent: its names, and its id.
called as (
    select chatbot_id, name from names where not is_name_only
    union
    select chatbot_id, normalised(organization_id)
    from organizations_now
    where not starts_with(organization_id, 'name:')
),
-- What does not agree, with the organization that it concerns.
conflicts as (
    -- Counted for the chatbot whether or not a conversation shows the users.
    select chatbot_id, null as organization_key, 'shared_email' as kind, email as subject from shared_emails
    union all
    select conversations.chatbot_id, conversations.organization_key, 'shared_email', emails.email
    from conversations
    inner join emails on conversations.user_key = emails.user_key
    semi join shared_emails on emails.chatbot_id = shared_emails.chatbot_id and emails.email = shared_emails.email
    union all
    select chatbot_id, null, 'shared_id', cast(user_key as varchar) from shared_ids
    union all
    select conversations.chatbot_id, conversations.organization_key, 'shared_id', cast(conversations.user_key as varchar)
    from conversations
    semi join shared_ids on conversations.user_key = shared_ids.user_key
    union all
    select names.chatbot_id, names.organization_key, 'shared_name', names.name
    from names
    semi join shared_names on names.chatbot_id = shared_names.chatbot_id and names.name = shared_names.name
    where not names.is_name_only
    union all
    select names.chatbot_id, names.organization_key, 'known_name', cast(names.organization_key as varchar)
    from names
    semi join called on names.chatbot_id = called.chatbot_id and names.name = called.name
    where names.is_name_only
    union all
    select owners.chatbot_id, owners.organization_key, 'mrr_unit', cast(owners.organization_key as varchar)
    from paying_organizations as owners
    inner join conversations on owners.organization_key = conversations.organization_key
    inner join paying_users as users_now on conversations.user_key = users_now.user_key
    where
        users_now.mrr between owners.mrr * 99 and owners.mrr * 101
        or users_now.mrr * 10000 between owners.mrr * 99 and owners.mrr * 101
),
counted_conflicts as (
    select
        chatbot_id,
        organization_key,
        grouping(organization_key) = 1 as is_whole_chatbot,
        count(distinct subject) filter (where kind = 'shared_email') as shared_emails,
        count(distinct subject) filter (where kind = 'shared_id') as shared_ids,
        count(distinct subject) filter (where kind = 'shared_name') as shared_names,
        count(distinct subject) filter (where kind = 'known_name') as known_names,
        count(distinct subject) filter (where kind = 'mrr_unit') as mrr_unit_conflicts
    from conflicts
    group by grouping sets ((chatbot_id), (chatbot_id, organization_key))
),
counted as (
    select
        conversations.chatbot_id,
        conversations.organization_key,
        any_value(organizations_now.organization_id) as organization_id,
        grouping(conversations.organization_key) = 1 as is_whole_chatbot,
        count(*) as conversations,
        count(*) filter (where conversations.has_user_id) as with_user_id,
        count(conversations.organization_key) as with_organization,
        count(organizations_now.plan) as with_plan,
        count(organizations_now.mrr) as with_mrr,
        count(*) filter (where conversations.has_score) as with_score,
        count(*) filter (where conversations.names_several_users) as several_users_conversations,
        sum(conversations.other_language_messages) as other_language_messages,
        sum(conversations.no_known_word_messages) as no_known_word_messages
    from conversations
    left join organizations_now on conversations.organization_key = organizations_now.organization_key
    group by grouping sets (
        (conversations.chatbot_id), (conversations.chatbot_id, conversations.organization_key)
    )
),
-- A chatbot without conversations has a row too.
rows_wanted as (
    select chatbot_id, cast(null as bigint) as organization_key, true as is_whole_chatbot from chatbots
    union all
    select chatbot_id, organization_key, false from counted
    where not is_whole_chatbot and organization_key is not null
)
select
    wanted.chatbot_id,
    if(wanted.is_whole_chatbot, null, counted.organization_id) as organization_id,
    coalesce(counted.conversations, 0) as conversations,
    counted.with_user_id / counted.conversations as user_id_share,
    counted.with_organization / counted.conversations as organization_share,
    counted.with_plan / counted.conversations as plan_share,
    counted.with_mrr / counted.conversations as mrr_share,
    counted.with_score / counted.conversations as scored_share,
    coalesce(conflicts.shared_emails, 0) as shared_emails,
    coalesce(conflicts.shared_ids, 0) as shared_ids,
    coalesce(conflicts.shared_names, 0) as shared_names,
    coalesce(conflicts.known_names, 0) as known_names,
    coalesce(conflicts.mrr_unit_conflicts, 0) as mrr_unit_conflicts,
    coalesce(counted.several_users_conversations, 0) as several_users_conversations,
    cast(coalesce(counted.other_language_messages, 0) as bigint) as other_language_messages,
    cast(coalesce(counted.no_known_word_messages, 0) as bigint) as no_known_word_messages
from rows_wanted as wanted
left join counted
    on
        wanted.chatbot_id = counted.chatbot_id
        and wanted.is_whole_chatbot = counted.is_whole_chatbot
        and wanted.organization_key is not distinct from counted.organization_key
left join counted_conflicts as conflicts
    on
        wanted.chatbot_id = conflicts.chatbot_id
        and wanted.is_whole_chatbot = conflicts.is_whole_chatbot
        and wanted.organization_key is not distinct from conflicts.organization_key
order by wanted.chatbot_id, organization_id nulls first;
