"""Parts and submissions as they cross HTTP."""

from groundswell.creators.tables import Creator
from groundswell.moments.tables import Moment

from .schemas import MemberOut, SubmissionOut
from .submissions import BY_CLOCK
from .tables import CampaignMember, CampaignSubmission


def member_out(member: CampaignMember, creator: Creator) -> MemberOut:
    same = {name: getattr(member, name) for name in MemberOut.model_fields if hasattr(member, name)}
    return MemberOut(**same | {"creator": creator.handle})


def submission_out(submission: CampaignSubmission, creator: Creator, moment: Moment) -> SubmissionOut:
    same = {name: getattr(submission, name) for name in SubmissionOut.model_fields if hasattr(submission, name)}
    named = {"creator": creator.handle, "moment": moment.code, "by_clock": submission.decided_by == BY_CLOCK}
    return SubmissionOut(**same | named)
