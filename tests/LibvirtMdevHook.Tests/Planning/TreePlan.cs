using System.Collections.Immutable;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Log;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>The plan that prepare makes of a domain on a host of plain files.</summary>
internal static class TreePlan
{
    public static Plan Of(TreeOfText tree, string xml)
    {
        var domain = DomainText.Parse(xml);
        var none = ImmutableDictionary<SysfsName, string>.Empty;
        return Planner.Make(PlanInputReader.Read(ContextOf(tree), domain, domain.Declaration!, none));
    }

    public static OperationContext ContextOf(TreeOfText tree)
    {
        var settings = HostSettings.Load(tree.Root);
        return new OperationContext(tree.Root, settings, tree.Store(), new HookLog(tree.Root, settings, "test"));
    }
}
