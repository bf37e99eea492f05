using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;

namespace LibvirtMdevHook.Planning;

/// <summary>One parent considered for one device.</summary>
/// <param name="Type">What the declared type means on this parent; null when it means nothing, or none is declared.</param>
/// <param name="Reason">Half a sentence, such as <c>no instance is left</c>; null when the parent fits.</param>
/// <param name="CuredBy">Whether waiting can make it fit.</param>
/// <param name="Ranking">What the choice among those that fit goes by, in words.</param>
internal sealed record Candidate(DeviceId Device, Parent Parent, MdevType? Type, string? Reason, CuredBy CuredBy = CuredBy.Nothing, string Ranking = "")
{
    public bool Fits => Reason is null;
}
