"""What npm's clients are told when something is not done here."""

from service.kernel.errors import Problem


class NotOffered(Problem):
    """405: part of npm's protocol that is done elsewhere here."""

    status = 405
    says = "npm's {what} is not offered here: {instead}"


class NoAuditData(Problem):
    """501: an audit without data must not look like an audit without findings."""

    status = 501
    says = "this registry has no vulnerability data, so it cannot say whether these packages are safe"
    todo = "Import OSV records with `lockgate registry advisories import PATH`, or audit elsewhere: npm audit --registry URL."


class Conflict(Problem):
    """409: what the client read has changed since."""

    status = 409
    says = "{name} was changed meanwhile"
    todo = "Run the command again."
