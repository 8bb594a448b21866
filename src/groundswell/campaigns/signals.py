"""What campaigns tell the features above them."""

from dataclasses import dataclass

from groundswell.attribution.tables import Campaign

from .tables import CampaignMember, CampaignSubmission


@dataclass(frozen=True)
class CampaignEnded:
    """A campaign is over: its time has come (noticed within a minute), or it was ended early. Sent once a campaign."""

    campaign: Campaign


@dataclass(frozen=True)
class CampaignInvitation:
    """A creator was invited to a campaign."""

    member: CampaignMember


@dataclass(frozen=True)
class SubmissionAccepted:
    """A creator's post for a campaign counts: somebody accepted it, or nobody decided in time."""

    submission: CampaignSubmission
    campaign: Campaign
