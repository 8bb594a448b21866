"""A bank that answers, for the tests of payout runs: the files that it would send."""

from collections.abc import Sequence
from dataclasses import dataclass

CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
REPORT = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"


@dataclass(frozen=True)
class Entry:
    """One booking of a statement: ``back`` has the reason of a return."""

    end_to_end_id: str
    amount: str
    currency: str = "EUR"
    reference: str = "BANK1"
    back: str = ""
    status: str = "BOOK"

    def xml(self) -> str:
        side = "CRDT" if self.back else "DBIT"
        returned = f"<RtrInf><Rsn><Cd>{self.back}</Cd></Rsn></RtrInf>" if self.back else ""
        family = "RCDT" if self.back else "ICDT"
        kind = "RRTN" if self.back else "ESCT"
        return (
            f'<Ntry><Amt Ccy="{self.currency}">{self.amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
            f"<Sts><Cd>{self.status}</Cd></Sts><BookgDt><Dt>2026-12-02</Dt></BookgDt>"
            f"<AcctSvcrRef>{self.reference}</AcctSvcrRef>"
            f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{kind}</SubFmlyCd></Fmly></Domn></BkTxCd>"
            f"<NtryDtls><TxDtls><Refs><EndToEndId>{self.end_to_end_id}</EndToEndId></Refs>"
            f'<Amt Ccy="{self.currency}">{self.amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
            f"<RltdPties><Cdtr><Pty><Nm>Somebody Else</Nm></Pty></Cdtr></RltdPties>{returned}"
            "</TxDtls></NtryDtls></Ntry>"
        )


def statement(*entries: Entry, name: str = "STMT1") -> bytes:
    """A camt.053 with these entries."""
    body = "".join(entry.xml() for entry in entries)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{CAMT}"><BkToCstmrStmt><GrpHdr><MsgId>{name}</MsgId>'
        f"<CreDtTm>2026-12-02T06:00:00Z</CreDtTm></GrpHdr><Stmt><Id>{name}</Id><CreDtTm>2026-12-02T06:00:00Z</CreDtTm>"
        "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>"
        '<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">0</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>'
        f"<Dt>2026-12-02</Dt></Dt></Bal>{body}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def report(message_id: str, statuses: Sequence[tuple[str, str, str]] = (), group: str = "ACTC") -> bytes:
    """A pain.002: end-to-end ids with their status and reason, or what became of the whole file."""
    each = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{id}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        for id, status, reason in statuses
    )
    payments = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message_id}</OrgnlPmtInfId>{each}</OrgnlPmtInfAndSts>"
    return (
        f'<Document xmlns="{REPORT}"><CstmrPmtStsRpt><GrpHdr><MsgId>RPT</MsgId><CreDtTm>2026-12-01T06:00:00Z</CreDtTm>'
        f"</GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"<GrpSts>{group}</GrpSts></OrgnlGrpInfAndSts>{payments * bool(each)}</CstmrPmtStsRpt></Document>"
    ).encode()
