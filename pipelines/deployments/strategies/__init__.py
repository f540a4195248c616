"""Deploy strategies, one file each, found by discovery; `pipelines.deployments.strategy` says what a file must hold."""
