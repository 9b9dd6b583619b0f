"""The sample: real conversations of the package chitchat-dataset as a request log in the inbox.

Here belongs what is special to the sample; reading the log back is the extraction's task. The dataset is read from the
installed package and never copied into the repository. `data/README.md` says which fields are real.
"""

from orchestration.sample.load import SampleReport, write_sample, write_sample_chatbots

__all__ = ["SampleReport", "write_sample", "write_sample_chatbots"]
