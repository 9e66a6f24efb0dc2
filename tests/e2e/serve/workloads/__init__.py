"""The requests to a service of each workload, and the replies of the model alone to compare with."""
