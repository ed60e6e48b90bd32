"""What requests and answers look like. OpenAPI comes from these models, and so does the check of every request."""
