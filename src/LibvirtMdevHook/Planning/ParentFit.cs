using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;

namespace LibvirtMdevHook.Planning;

/// <summary>Whether a parent can serve a declared device at all, however full it is.</summary>
internal static class ParentFit
{
    /// <summary>The reason why no type of a parent is meant; told from others since it makes near misses worth listing.</summary>
    public const string NoSuchType = "it has no such type";

    public static Candidate Of(PlanInput input, DeclaredHostdev hostdev, Parent parent)
    {
        Candidate Not(string reason, MdevType? type = null) => new(hostdev.Device, parent, type, reason);

        if (input.Settings.ExcludedParents.Any(parent.IsOn))
            return Not("it is excluded by excluded_parents of the configuration");
        if (input.Failed.TryGetValue(parent.Name, out var failure))
            return Not(failure);
        if (input.Numa == NumaRule.Require && !input.IsNear(parent))
            return Not($"it is on {Node(parent)}, the domain on {string.Join(", ", input.Nodes)}, and numa='require'");
        if (parent.Reason is { } trouble)
            return Not(trouble);
        if (parent.Dialect == Dialect.Vf && hostdev.Parents.Length > 0 && !hostdev.Parents.Any(parent.IsOn))
            return Not($"it is a VF of '{parent.Gpu}', which is not declared as its parent");
        if (hostdev.Args.Length > 0 && parent.Dialect != Dialect.Rfc2016)
            return Not("it takes no args, which only parents of the 2016 interface do");
        if (hostdev.Type is null)
        {
            return parent.HasTypes || parent.Dialect != Dialect.Rfc2016
                ? Not("it has types, so one must be declared")
                : new Candidate(hostdev.Device, parent, null, null);
        }

        var match = TypeMatch.Of(hostdev.Type, parent.Dialect, parent.Types);
        if (match.Types.Length == 0)
            return Not(NoSuchType);
        if (match.Types.Length > 1)
            return Not($"the type is ambiguous there: {string.Join(", ", match.Types.Select(t => $"'{t.Title}' ({t.Id})"))}; declare one of the ids");
        var type = match.Types[0];
        if (type.Trouble is { } unreadable)
            return Not(unreadable, type);
        return hostdev.Model is { } model && type.DeviceApi is { } api && api != model
            ? Not($"the type is of device_api '{api}', but the hostdev's model is '{model}'", type)
            : new Candidate(hostdev.Device, parent, type, null);
    }

    private static string Node(Parent parent) => parent.NumaNode is { } node ? $"NUMA node {node}" : "no NUMA node that the kernel knows";
}
