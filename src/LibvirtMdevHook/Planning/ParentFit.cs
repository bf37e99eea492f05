using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>Whether a parent can serve a declared device at all, however full it is.</summary>
internal static class ParentFit
{
    public static Candidate Of(PlanInput input, DeclaredHostdev hostdev, Parent parent)
    {
        if (input.Settings.ExcludedParents.Any(parent.IsOn))
            return Not(Unfit.Excluded, "it is excluded by excluded_parents of the configuration");
        if (input.Failed.TryGetValue(parent.Name, out var failure) || input.Failed.TryGetValue(parent.Gpu, out failure))
            return Not(Unfit.CreateFailed, failure);
        // A GPU that does not answer may do so later, as one whose types come late.
        if (parent.Reason is { Error: Errno.ETIMEDOUT } silence)
            return Not(Unfit.Unreadable, silence) with { CuredBy = CuredBy.Types };
        if (input.Numa == NumaRule.Require && !input.IsNear(parent))
            return Not(Unfit.Far, $"it is on {Node(parent)}, the domain on {string.Join(", ", input.Nodes)}, and numa='require'");
        if (parent.Reason is { } unreadable)
            return Not(Unfit.Unreadable, unreadable);
        if (parent.Dialect == Dialect.Vf && hostdev.Parents.Length > 0 && !hostdev.Parents.Any(parent.IsOn))
            return Not(Unfit.NotDeclared, $"it is a VF of '{parent.Gpu}', which is not declared as its parent");
        if (hostdev.Args.Length > 0 && parent.Dialect != Dialect.Rfc2016)
            return Not(Unfit.TakesNoArgs, "it takes no args, which only parents of the 2016 interface do");
        if (hostdev.Type is { } declared)
            return OfType(hostdev, parent, declared);
        if (parent.HasTypes || parent.Dialect != Dialect.Rfc2016)
            return Not(Unfit.NeedsType, "it has types, so one must be declared");
        return new Candidate(hostdev.Device, parent, null);

        Candidate Not(Unfit unfit, Reason reason) => new(hostdev.Device, parent, null, unfit, reason);
    }

    private static Candidate OfType(DeclaredHostdev hostdev, Parent parent, string declared)
    {
        var types = TypeMatch.Of(declared, parent.Dialect, parent.Types).Types;
        if (types.Length == 0)
            return Not(Unfit.NoSuchType, "it has no such type");
        if (types.Length > 1)
        {
            var choices = string.Join(", ", types.Select(t => $"'{t.Title}' ({t.Id})"));
            return Not(Unfit.AmbiguousType, $"the type is ambiguous there: {choices}; declare one of the ids");
        }

        var type = types[0];
        if (type.Reason is { } unreadable)
            return Not(Unfit.Unreadable, unreadable, type);
        if (hostdev.Model is { } model && type.DeviceApi is { } api && api != model)
            return Not(Unfit.OtherModel, $"the type is of device_api '{api}', but the hostdev's model is '{model}'", type);
        return new Candidate(hostdev.Device, parent, type);

        Candidate Not(Unfit unfit, Reason reason, MdevType? type = null) => new(hostdev.Device, parent, type, unfit, reason);
    }

    private static string Node(Parent parent) => parent.NumaNode is { } node ? $"NUMA node {node}" : "no NUMA node that the kernel knows";
}
