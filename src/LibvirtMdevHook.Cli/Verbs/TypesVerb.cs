using System.Text.Json.Nodes;
using CommandLine;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>virt-mdev types: what can be declared on this host.</summary>
[Verb("types", HelpText = "List the parents of this host, their types by name, and what is available.")]
internal sealed class TypesVerb
{
    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; set; }

    public int Run(Root root)
    {
        var context = OperationContext.Open(root, "types", Terminal.Tell);
        var host = HostReader.ReadAll(root);
        SeenTypes.Keep(root, host);
        var records = context.Records.ReadAll();
        var capacity = Capacity.Of(host, records.Domains.Concat(records.Removals).Concat(records.Reservations));
        if (Json)
            Listing.Print(Listing.Array(host.Parents.Select(p => ParentJson(context.Settings, host, capacity, p))));
        else
            Print(context.Settings, host, capacity);
        return 0;
    }

    private static void Print(HostSettings settings, Host host, Capacity capacity)
    {
        if (host.Parents.IsEmpty)
            Output.WriteLine("No parent of mediated devices is on this host; load the vendor's driver.");
        foreach (var parents in host.Parents.GroupBy(p => p.Dialect == Dialect.Vf ? p.Gpu : p.Name))
        {
            var parent = parents.First();
            if (parent.Dialect == Dialect.Vf)
                PrintGpu(settings, host, capacity, [.. parents]);
            else
                PrintParent(settings, capacity, parent);
        }
    }

    private static void PrintGpu(HostSettings settings, Host host, Capacity capacity, IReadOnlyList<Parent> vfs)
    {
        Output.WriteLine($"{vfs[0].Gpu}  {vfs[0].Dialect.Name}");
        VfListing.Print(host, capacity, vfs, vf => IsExcluded(settings, vf));
    }

    private static void PrintParent(HostSettings settings, Capacity capacity, Parent parent)
    {
        var excluded = IsExcluded(settings, parent) ? "  excluded by the configuration" : "";
        Output.WriteLine($"{parent.Name}  {parent.Dialect.Name}{excluded}");
        if (parent.Reason is { } unreadable)
            Output.WriteLine($"  {unreadable}");
        if (!parent.HasTypes)
            Output.WriteLine("  no predefined types: declare this parent without a type");
        Listing.Print([.. parent.Types.Select(t => Cells(capacity, parent, t))], "  ");
    }

    private static string[] Cells(Capacity capacity, Parent parent, MdevType type) =>
    [
        type.Id.ToString(),
        type.Name ?? "-",
        Available(capacity, parent, type),
        type.Description?.ReplaceLineEndings(", ") ?? "",
    ];

    private static string Available(Capacity capacity, Parent parent, MdevType type)
    {
        if (CapacityText.WhyFull(capacity, parent, type) is { } full)
            return full.Text;
        return capacity.Left(parent, type) is { } left ? $"{left} available" : "any number available";
    }

    private static bool IsExcluded(HostSettings settings, Parent parent) => settings.ExcludedParents.Any(parent.IsOn);

    private static JsonObject ParentJson(HostSettings settings, Host host, Capacity capacity, Parent parent) => new()
    {
        ["parent"] = parent.Name.ToString(),
        ["gpu"] = parent.Gpu.ToString(),
        ["dialect"] = parent.Dialect.Name,
        ["excluded"] = IsExcluded(settings, parent),
        ["trouble"] = parent.Reason?.Text,
        ["current_type"] = parent.Dialect == Dialect.Vf ? VfListing.CurrentType(host, capacity, parent) : null,
        ["types"] = Listing.Array(parent.Types.Select(t => TypeJson(capacity, parent, t))),
    };

    private static JsonObject TypeJson(Capacity capacity, Parent parent, MdevType type)
    {
        var full = CapacityText.WhyFull(capacity, parent, type);
        return new JsonObject
        {
            ["id"] = type.Id.ToString(),
            ["name"] = type.Name,
            ["device_api"] = type.DeviceApi,
            ["available"] = full is null ? capacity.Left(parent, type) : 0,
            ["why_not"] = full?.Text,
            ["available_instances"] = type.AvailableInstances,
            ["max_instances"] = type.MaxInstances,
            ["description"] = type.Description,
        };
    }
}
