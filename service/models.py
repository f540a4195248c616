"""Every table of the product, imported in one place so that migrations see them all."""
# ruff: noqa: F401  the imports are what this module is for

import pipelines.deployments.models
import pipelines.models
import profiler.models
import registry.advisories.models
import registry.formats.npm.models
import registry.formats.pypi.models
import registry.models
import service.git.models
import service.kernel.audit
import service.kernel.auth
import service.kernel.bus
import service.kernel.grants
import service.kernel.workers
import service.reviews.models
