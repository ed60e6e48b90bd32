App<Record<string, never>>({})
