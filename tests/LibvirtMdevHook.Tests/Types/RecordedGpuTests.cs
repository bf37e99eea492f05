using System.Collections.Immutable;
using System.Text;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Log;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Reports;
using LibvirtMdevHook.Settings;
using NUnit.Framework;
using static VerifyNUnit.Verifier;

namespace LibvirtMdevHook.Tests.Types;

/// <summary>
/// Each GPU whose types somebody has recorded, while it runs nothing: what is listed of it, and what a declared name of a type does there.
/// </summary>
internal sealed class RecordedGpuTests
{
    [TestCase("mdev-gpus")]
    [TestCase("mdev-vfs")]
    [TestCase("vfs")]
    public Task Types_of_real_GPUs_are_listed_and_each_is_had_by_its_name(string table)
    {
        var text = new StringBuilder();
        foreach (var gpu in RecordedGpu.ReadAll(table))
        {
            using var tree = gpu.Tree();
            text.Append($"== {gpu.Title}\n");
            foreach (var line in Listing(tree))
                text.Append($"{line}\n");
            foreach (var outcome in gpu.Types.GroupBy(type => PlanOf(tree, gpu.IsVf, type)))
                text.Append($"plan of {Names(outcome, gpu)}: {outcome.Key}");
        }

        return Verify(text.ToString());
    }

    private static string Names(IEnumerable<RecordedType> types, RecordedGpu gpu)
    {
        var names = types.Select(type => type.Name).ToArray();
        return names.Length == gpu.Types.Length ? "each NAME" : string.Join(", ", names);
    }

    private static IEnumerable<string> Listing(TreeOfText tree)
    {
        var host = HostReader.ReadAll(tree.Root);
        return new TypeListing(host, Capacity.Of(host, []), _ => false, width: null).Lines();
    }

    private static string PlanOf(TreeOfText tree, bool isVf, RecordedType type)
    {
        var domain = DomainText.Parse(isVf
            ? VfText.Declaring("", VfText.Hostdev("0000:41:00.4", type.Name))
            : DomainText.Declaring(DomainText.Hostdev(DomainText.First, type.Name)));
        var settings = HostSettings.Load(tree.Root);
        var context = new OperationContext(tree.Root, settings, tree.Store(), new HookLog(tree.Root, settings, "test"));
        var plan = Planner.Make(
            PlanInputReader.Read(context, domain, domain.Declaration!, ImmutableDictionary<SysfsName, string>.Empty));
        return plan.ToString().Replace($"{type.Id} '{type.Name}'", "its ID 'NAME'", StringComparison.Ordinal);
    }
}
