"""The pages that people read: the two tables, the list of chatbots, and what is said when there is nothing to show."""
