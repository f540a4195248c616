sarif = None
