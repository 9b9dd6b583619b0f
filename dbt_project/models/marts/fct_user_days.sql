{{ config(meta={
    'touched_by': 'int_touched_days',
    'touched_key': {'chatbot_id': 'chatbot_id', 'activity_date': 'activity_date'}
}) }}

{{ entity_days('user') }}
