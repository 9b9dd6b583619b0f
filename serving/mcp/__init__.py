"""The API's answers as tools of an assistant, over the Model Context Protocol."""
