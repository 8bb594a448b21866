"""Why a conversion is refused."""

from groundswell.platform.problems import Problem


class ConversionConflict(Problem):
    status, code, title = 409, "conversion_conflict", "This conversion was reported before with other content."


class ConversionErased(Problem):
    status, code = 409, "conversion_erased"
    title = "This conversion was reported before, of somebody who was erased since. What it brought stays."


class ConversionInFuture(Problem):
    status, code, title = 422, "conversion_in_future", "This conversion has not happened yet."


class ConversionTooOld(Problem):
    status, code, title = 422, "conversion_too_old", "This conversion happened too long ago."


class ViewerNotReported(Problem):
    status, code, title = 422, "viewer_unknown", "This viewer is not known; report their sign-up first."


class AmountMissing(Problem):
    status, code, title = 422, "amount_missing", "Money moved, so the amount is needed."


class CurrencyUnknown(Problem):
    status, code, title = 422, "currency_unknown", "There is no such currency."


class CurrencyMismatch(Problem):
    status, code, title = 422, "currency_mismatch", "This is in another currency than the sale."


class CodeUnknown(Problem):
    status, code, title = 422, "code_unknown", "No creator has this code; leave it out and report again."


class DayUnexpected(Problem):
    status, code, title = 422, "day_unexpected", "Churn names the day on which it was found, and nothing else does."


class OriginalUnexpected(Problem):
    status, code, title = (
        422,
        "original_unexpected",
        "Only a refund, a cancellation or churn names the sale that it ends.",
    )


class OriginalUnknown(Problem):
    status, code, title = 422, "original_unknown", "There is no such sale to cancel."


class RefundWithoutSale(Problem):
    status, code, title = 422, "refund_without_sale", "There is no such sale to refund."


class RefundBeforeSale(Problem):
    status, code, title = 422, "refund_before_sale", "A refund cannot come before its sale."


class RefundExceedsSale(Problem):
    status, code, title = 422, "refund_exceeds_sale", "More would be refunded than was paid."
