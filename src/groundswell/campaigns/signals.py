"""What campaigns tell the features above them."""

from dataclasses import dataclass

from groundswell.attribution.tables import Campaign


@dataclass(frozen=True)
class CampaignEnded:
    """A campaign is over: its time has come (noticed within a minute), or it was ended early. Sent once a campaign."""

    campaign: Campaign
