"""The inspection itself: its rules, and the pages and programs that people hold in their hands."""
