"""Documents that people take away: the notice's annexes and the reports as docx and xlsx."""
