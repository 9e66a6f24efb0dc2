"""Memory in use beside the plan, and out-of-memory errors explained."""
