"""Keys of services that begin all their keys alike, so that the form alone tells them: one row each."""

import re

from analyzers.detector import Detector
from analyzers.finding import Confidence
from analyzers.rarity import entropy

_ENTROPY_MIN = 3.0
_ALPHA = "k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5wZtD0yMnPbSgHjFlCeIuAo"
_HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a08e7d6c5b4a392817"
_FORMS = {"a": ("[A-Za-z0-9]", _ALPHA), "w": ("[A-Za-z0-9_-]", _ALPHA), "x": ("[0-9a-f]", _HEX), "l": ("[a-z0-9]", _ALPHA.lower())}


def _random(match: re.Match[str]) -> Confidence | None:
    return "high" if entropy(match["body"]) >= _ENTROPY_MIN else None


def _kind(row: str) -> Detector:
    name, prefix, form, length, owner, source = row.split("|")
    low, _, high = length.partition("-")
    signs, sample = _FORMS[form]
    count = f"{{{low},{high}}}" if high else f"{{{low}}}"
    body = (sample * 4)[: int(low)]
    return Detector(
        name=name,
        title=f"{'An' if owner[0] in 'AEIO' else 'A'} {owner}",
        pattern=re.compile(rf"(?<![A-Za-z0-9_-])(?P<secret>{re.escape(prefix)}(?P<body>{signs}{count}))(?![A-Za-z0-9_-]|\.(?:png|jpe?g|gif|svg|css|js|webp|ico)\b)"),
        words=(prefix.lower(),),
        source=source,
        flagged=(f'key = "{prefix}{body}"', f"X={prefix}{body}\n"),
        near_misses=(prefix + "x" * int(low), prefix + "...", prefix + body[:5], f"a{prefix}{body}", prefix + "your-key-here"),
        grade=_random,
    )


_ROWS = """
age-secret-key|AGE-SECRET-KEY-1|a|58|age secret key|https://github.com/C2SP/C2SP/blob/main/age.md
airtable-token|pat14.|w|64|Airtable token|https://airtable.com/developers/web/guides/personal-access-tokens
artifactory-token|AKCp|a|69|Artifactory key|https://jfrog.com/help/r/jfrog-platform-administration-documentation/api-key
atlassian-token|ATATT3|w|180-200|Atlassian token|https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/
bitbucket-token|ATBB|a|32|Bitbucket app password|https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/
buildkite-token|bkua_|x|40|Buildkite token|https://buildkite.com/docs/apis/managing-api-tokens
clojars-token|CLOJARS_|x|60|Clojars token|https://github.com/clojars/clojars-web/wiki/Deploy-Tokens
databricks-token|dapi|x|32|Databricks token|https://docs.databricks.com/dev-tools/auth/pat.html
digitalocean-token|dop_v1_|x|64|DigitalOcean token|https://docs.digitalocean.com/reference/api/create-personal-access-token/
digitalocean-oauth|doo_v1_|x|64|DigitalOcean OAuth token|https://docs.digitalocean.com/reference/api/oauth/
digitalocean-refresh|dor_v1_|x|64|DigitalOcean refresh token|https://docs.digitalocean.com/reference/api/oauth/
docker-hub-token|dckr_pat_|w|27-32|Docker Hub token|https://docs.docker.com/security/for-developers/access-tokens/
doppler-token|dp.pt.|a|40-44|Doppler token|https://docs.doppler.com/reference/auth-token-formats
doppler-service-token|dp.st.|a|40-44|Doppler service token|https://docs.doppler.com/reference/auth-token-formats
duffel-token|duffel_live_|w|43|Duffel token|https://duffel.com/docs/api/overview/making-requests
dynatrace-token|dt0c01.|a|24|Dynatrace token|https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens
easypost-key|EZAK|a|54|EasyPost key|https://docs.easypost.com/docs/authentication
easypost-test-key|EZTK|a|54|EasyPost test key|https://docs.easypost.com/docs/authentication
figma-token|figd_|w|40-48|Figma token|https://www.figma.com/developers/api#access-tokens
flutterwave-key|FLWSECK_TEST-|x|32|Flutterwave key|https://developer.flutterwave.com/docs/authentication
fly-token|fo1_|w|43|Fly.io token|https://fly.io/docs/security/tokens/
frameio-token|fio-u-|w|64|Frame.io token|https://developer.frame.io/docs/getting-started/authentication
google-oauth-secret|GOCSPX-|w|28|Google OAuth client secret|https://developers.google.com/identity/protocols/oauth2
google-oauth-token|ya29.|w|60-400|Google OAuth token|https://developers.google.com/identity/protocols/oauth2
grafana-cloud-key|glc_|w|50-400|Grafana Cloud token|https://grafana.com/docs/grafana-cloud/account-management/authentication-and-permissions/access-policies/
grafana-service-token|glsa_|w|41|Grafana service account token|https://grafana.com/docs/grafana/latest/administration/service-accounts/
groq-key|gsk_|a|52|Groq key|https://console.groq.com/docs/quickstart
hashicorp-terraform-token|atlasv1.|w|60-70|Terraform Cloud token|https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens
heroku-key|HRKU-AA|w|50-62|Heroku key|https://devcenter.heroku.com/articles/authentication
huggingface-token|hf_|a|34-40|Hugging Face token|https://huggingface.co/docs/hub/security-tokens
launchdarkly-key|sdk-|x|40|LaunchDarkly SDK key|https://launchdarkly.com/docs/sdk/concepts/client-side-server-side
linear-key|lin_api_|a|40|Linear key|https://developers.linear.app/docs/graphql/working-with-the-graphql-api
mapbox-token|sk.eyJ1|w|60-200|Mapbox secret token|https://docs.mapbox.com/help/getting-started/access-tokens/
mailgun-key|key-|x|32|Mailgun key|https://documentation.mailgun.com/docs/mailgun/api-reference/authentication/
new-relic-key|NRAK-|a|27|New Relic key|https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/
notion-token|ntn_|a|43-50|Notion token|https://developers.notion.com/docs/authorization
notion-secret|secret_|a|43|Notion integration secret|https://developers.notion.com/docs/authorization
nuget-key|oy2|l|43|NuGet key|https://learn.microsoft.com/nuget/nuget-org/publish-a-package
onepassword-token|ops_eyJ|w|200-1200|1Password service account token|https://developer.1password.com/docs/service-accounts/
perplexity-key|pplx-|a|48|Perplexity key|https://docs.perplexity.ai/guides/getting-started
planetscale-password|pscale_pw_|w|32-64|PlanetScale password|https://planetscale.com/docs/concepts/connection-strings
planetscale-token|pscale_tkn_|w|32-64|PlanetScale token|https://planetscale.com/docs/concepts/service-tokens
postman-key|PMAK-|w|59|Postman key|https://learning.postman.com/docs/developer/postman-api/authentication/
prefect-key|pnu_|a|36|Prefect key|https://docs.prefect.io/latest/manage/cloud/manage-users/api-keys
pulumi-token|pul-|x|40|Pulumi token|https://www.pulumi.com/docs/pulumi-cloud/access-management/access-tokens/
readme-key|rdme_|l|70|ReadMe key|https://docs.readme.com/main/reference/authentication
replicate-token|r8_|a|37|Replicate token|https://replicate.com/docs/reference/http#authentication
rubygems-key|rubygems_|x|48|RubyGems key|https://guides.rubygems.org/api-key-scopes/
sentry-token|sntryu_|x|64|Sentry token|https://docs.sentry.io/api/auth/
sendinblue-key|xkeysib-|x|64|Brevo key|https://developers.brevo.com/docs/getting-started
shippo-token|shippo_live_|x|40|Shippo token|https://docs.goshippo.com/docs/guides_general/authentication/
shopify-token|shpat_|x|32|Shopify token|https://shopify.dev/docs/apps/auth
shopify-shared-secret|shpss_|x|32|Shopify shared secret|https://shopify.dev/docs/apps/auth
shopify-custom-token|shpca_|x|32|Shopify custom app token|https://shopify.dev/docs/apps/auth
slack-app-token|xapp-1-A|w|60-120|Slack app token|https://api.slack.com/concepts/token-types
sonar-token|squ_|x|40|SonarQube token|https://docs.sonarsource.com/sonarqube-server/latest/user-guide/managing-tokens/
square-secret|sq0csp-|w|43|Square secret|https://developer.squareup.com/docs/build-basics/access-tokens
square-token|sq0atp-|w|22|Square token|https://developer.squareup.com/docs/build-basics/access-tokens
supabase-key|sbp_|x|40|Supabase token|https://supabase.com/docs/reference/api/introduction
tailscale-key|tskey-auth-|w|30-60|Tailscale key|https://tailscale.com/kb/1085/auth-keys
twilio-key|SK|x|32|Twilio key|https://www.twilio.com/docs/iam/api-keys
typeform-token|tfp_|w|40-70|Typeform token|https://www.typeform.com/developers/get-started/personal-access-token/
vault-token|hvs.|w|24-110|Vault token|https://developer.hashicorp.com/vault/docs/concepts/tokens
vault-batch-token|hvb.|w|100-250|Vault batch token|https://developer.hashicorp.com/vault/docs/concepts/tokens
vercel-token|vcp_|a|56|Vercel token|https://vercel.com/docs/rest-api
x-ai-key|xai-|a|80|xAI key|https://docs.x.ai/docs/overview
"""
DETECTORS = tuple(_kind(row) for row in _ROWS.strip().splitlines())
