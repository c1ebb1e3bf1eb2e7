"""Analysis and forecast to plain sentences, by rules: free, instant, always true, no model needed."""
