"""Other people's analysers, called in this process, their words turned into ours."""
