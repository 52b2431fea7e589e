"""A register of business contacts: leads, deals, campaigns."""

# A refusal looks at few of its arguments; it is the schema that needs them all.
# ruff: noqa: ARG001

from typing import Annotated, Any, Literal

from pydantic import Field

from tasks.tools import ToolError

STAGES = ("new", "qualified", "proposal", "won", "lost")
Stage = Literal["new", "qualified", "proposal", "won", "lost"]


async def search_leads(_world: Any, company: str, stage: Stage | None = None) -> dict[str, Any]:
    """Search the business leads by company.

    Args:
        company: A company's name or a part of it.
        stage: Only leads at this stage.
    """
    return {"company": company, "stage": stage, "leads": []}


async def get_deal(_world: Any, deal: str) -> dict[str, Any]:
    """A deal: company, stage, expected value and who looks after it.

    Args:
        deal: The deal's id, such as DEAL-55.
    """
    raise ToolError(f"there is no deal {deal!r}")


async def list_pipeline_stages(_world: Any) -> dict[str, Any]:
    """List the stages that a deal goes through, in order."""
    return {"stages": list(STAGES)}


async def get_campaign_report(
    _world: Any, campaign: str, by: Literal["day", "week", "month"] = "week"
) -> dict[str, Any]:
    """Clicks and sign-ups of an advertising campaign.

    Args:
        campaign: The campaign's name.
        by: Over which periods to add up.
    """
    return {"campaign": campaign, "by": by, "periods": []}


async def convert_currency(
    _world: Any,
    amount: float,
    source: Literal["CHF", "EUR", "GBP"],
    target: Literal["CHF", "EUR", "GBP"],
) -> dict[str, Any]:
    """Convert an amount of money at the rate of the last working day.

    Args:
        amount: How much.
        source: The currency it is in.
        target: The currency it is wanted in.
    """
    worth = {"EUR": 1.0, "CHF": 1.05, "GBP": 1.17}
    return {"amount": round(amount * worth[source] / worth[target], 2), "currency": target}


async def create_lead(
    _world: Any, company: str, contact_name: str, email: str, source: str = "web"
) -> dict[str, Any]:
    """Enter a new business lead.

    Args:
        company: The company's name.
        contact_name: Whom to talk to.
        email: Their e-mail address.
        source: Where the lead came from.
    """
    raise ToolError(f"{company} was not entered: you have no seat in the sales register")


async def move_deal(_world: Any, deal: str, stage: Stage, note: str = "") -> dict[str, Any]:
    """Move a deal to another stage.

    Args:
        deal: The deal's id, such as DEAL-55.
        stage: The new stage.
        note: Why.
    """
    raise ToolError(f"there is no deal {deal!r}")


async def schedule_campaign(
    _world: Any, campaign: str, first_day: str, euros_a_day: Annotated[float, Field(gt=0)]
) -> dict[str, Any]:
    """Schedule an advertising campaign.

    Args:
        campaign: The campaign's name.
        first_day: From when, as YYYY-MM-DD.
        euros_a_day: What it may spend on a day.
    """
    raise ToolError(f"{campaign} was not scheduled: campaigns need an approval first")


READS = (search_leads, get_deal, list_pipeline_stages, get_campaign_report, convert_currency)
WRITES = (create_lead, move_deal, schedule_campaign)
