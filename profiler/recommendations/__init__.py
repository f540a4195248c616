"""One file per recommendation, found by being here; the contract is `profiler.recommend.Recommendation`."""
