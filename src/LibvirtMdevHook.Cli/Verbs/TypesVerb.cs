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
        var context = OperationContext.Open(root, "types");
        var host = HostReader.ReadAll(root);
        SeenTypes.Keep(root, host);
        var capacity = Capacity.Of(host, context.Records.Domains().Concat(context.Records.Removing()).Concat(context.Records.Reservations()));
        if (Json)
            Listing.Print(Listing.Array(host.Parents.Select(p => ParentJson(context.Settings, host, capacity, p))));
        else if (host.Parents.Length == 0)
            Console.WriteLine("No parent of mediated devices is on this host; load the vendor's driver.");
        else
            foreach (var parents in host.Parents.GroupBy(p => p.Dialect == Dialect.Vf ? p.Gpu : p.Name))
                Print(context.Settings, host, capacity, [.. parents]);
        return 0;
    }

    private static void Print(HostSettings settings, Host host, Capacity capacity, IReadOnlyList<Parent> parents)
    {
        var parent = parents[0];
        if (parent.Dialect == Dialect.Vf)
        {
            Console.WriteLine($"{parent.Gpu}  {parent.Dialect.Name}");
            VfListing.Print(host, capacity, parents, vf => IsExcluded(settings, vf));
            return;
        }

        Console.WriteLine($"{parent.Name}  {parent.Dialect.Name}" + (IsExcluded(settings, parent) ? "  excluded by the configuration" : ""));
        if (parent.Reason is { } trouble)
            Console.WriteLine($"  {trouble}");
        if (!parent.HasTypes)
            Console.WriteLine("  no predefined types: declare this parent without a type");
        Listing.Print([.. parent.Types.Select(t => new[] { t.Id.ToString(), t.Name ?? "-", Available(capacity, parent, t), Short(t.Description) })], "  ");
    }

    private static string Available(Capacity capacity, Parent parent, MdevType type) =>
        capacity.WhyFull(parent, type) ?? $"{Count(capacity, parent, type)} available";

    private static string Count(Capacity capacity, Parent parent, MdevType type) =>
        capacity.Left(parent, type) is int.MaxValue and var _ ? "any number" : $"{capacity.Left(parent, type)}";

    private static string Short(string? description) => description?.ReplaceLineEndings(", ") ?? "";

    private static bool IsExcluded(HostSettings settings, Parent parent) => settings.ExcludedParents.Any(parent.IsOn);

    private static JsonObject ParentJson(HostSettings settings, Host host, Capacity capacity, Parent parent) => new()
    {
        ["parent"] = parent.Name.ToString(),
        ["gpu"] = parent.Gpu.ToString(),
        ["dialect"] = parent.Dialect.Name,
        ["excluded"] = IsExcluded(settings, parent),
        ["trouble"] = parent.Reason,
        ["current_type"] = parent.Dialect == Dialect.Vf ? VfListing.CurrentType(host, capacity, parent) : null,
        ["types"] = Listing.Array(parent.Types.Select(t => TypeJson(capacity, parent, t))),
    };

    private static JsonObject TypeJson(Capacity capacity, Parent parent, MdevType type) => new()
    {
        ["id"] = type.Id.ToString(),
        ["name"] = type.Name,
        ["device_api"] = type.DeviceApi,
        ["available"] = capacity.WhyFull(parent, type) is not null ? 0 : capacity.Left(parent, type) is var left and < int.MaxValue ? left : null,
        ["why_not"] = capacity.WhyFull(parent, type),
        ["available_instances"] = type.AvailableInstances,
        ["max_instances"] = type.MaxInstances,
        ["description"] = type.Description,
    };
}
