"""`make preview`: every document that Zhiping prints, as pictures to look at."""
