using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// The sentences about a declared type that no parent has, with the types that may be meant.
/// </summary>
internal static class NearMisses
{
    public static string NoSuchType(DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates)
    {
        var where = RefusalText.Names(candidates.Select(c => c.Parent.Name));
        var have = candidates.Length == 1 ? "has" : "have";
        return $"{where} {have} no such type{InOtherMode(hostdev, candidates)}{DidYouMean(hostdev, candidates)}";
    }

    public static string DidYouMean(DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates)
    {
        if (TypeMatch.OfNumber(hostdev.Type!, candidates.SelectMany(c => c.Parent.Types)) is { } type)
            return $"; a number alone is an id on VFs and in the 2016 interface; did you mean '{type.Id}' ('{type.Title}')?";
        var near = Of(hostdev, candidates);
        return near.IsEmpty ? "; 'virt-mdev types' lists the types" : $"; did you mean {string.Join(" or ", near.Select(n => $"'{n}'"))}?";
    }

    /// <summary>
    /// The types of a GPU in MIG mode have names that are easily taken for the names of its types
    /// without MIG.
    /// </summary>
    private static string InOtherMode(DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates)
    {
        var modes = candidates.SelectMany(c => c.Parent.Types).Select(type => VgpuSize.IsOfMig(type.Name)).Distinct().ToArray();
        if (modes is not [var isMig] || isMig == VgpuSize.IsOfMig(hostdev.Type) || Of(hostdev, candidates).IsEmpty)
            return "";
        return isMig ? ": in MIG mode a GPU offers types of GPU instances only" : ": a GPU offers types of GPU instances in MIG mode only";
    }

    private static ImmutableArray<string> Of(DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates) =>
        TypeMatch.Near(hostdev.Type!, candidates.SelectMany(c => c.Parent.Types.Concat(c.Parent.Seen)));
}
