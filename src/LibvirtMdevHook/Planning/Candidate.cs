using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>One parent considered for one device.</summary>
/// <param name="Type">What the declared type means on this parent; null when it means nothing there, or no type is declared.</param>
/// <param name="Unfit">The kind of reason for which the parent does not fit; <see cref="Unfit.None"/> when it fits.</param>
/// <param name="Reason">That reason for people; null when the parent fits.</param>
/// <param name="CuredBy">What can make the parent fit.</param>
/// <param name="Ranking">What decides between the parents that fit, in words: how full the GPU is and how near; empty when it does not fit.</param>
internal sealed record Candidate(
    DeviceId Device,
    Parent Parent,
    MdevType? Type,
    Unfit Unfit = Unfit.None,
    Reason? Reason = null,
    CuredBy CuredBy = CuredBy.Nothing,
    string Ranking = "")
{
    public bool Fits => Unfit == Unfit.None;
}

/// <summary>Why a parent does not fit.</summary>
internal enum Unfit
{
    /// <summary>It fits.</summary>
    None,

    /// <summary>The configuration excludes it.</summary>
    Excluded,

    /// <summary>It has refused a create of this very prepare.</summary>
    CreateFailed,

    /// <summary>It is far from the domain, and the domain requires a parent nearby.</summary>
    Far,

    /// <summary>The kernel does not show its types, or not all of the declared one.</summary>
    Unreadable,

    /// <summary>It is a VF, and the declaration names other parents.</summary>
    NotDeclared,

    /// <summary>The declaration has args, which it does not take.</summary>
    TakesNoArgs,

    /// <summary>The declaration has no type, and the parent needs one.</summary>
    NeedsType,

    /// <summary>None of its types is the declared one. Types with similar names are worth listing.</summary>
    NoSuchType,

    /// <summary>Several of its types can be the declared one.</summary>
    AmbiguousType,

    /// <summary>The type is for another model of hostdev.</summary>
    OtherModel,

    /// <summary>It is a VF that a record gives to another domain.</summary>
    Claimed,

    /// <summary>It has the type, and no more of it can be made now.</summary>
    Full,

    /// <summary>It does not offer the type now, and may offer it at another time.</summary>
    Hidden,
}
