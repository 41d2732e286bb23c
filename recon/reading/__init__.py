"""What readers decide about results, and what a site learns from it; files and figures, no page."""
