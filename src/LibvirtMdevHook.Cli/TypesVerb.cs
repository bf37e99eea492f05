using System.Text.Json.Nodes;
using CommandLine;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Operations;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Cli;

/// <summary>virt-mdev types: what can be declared on this host.</summary>
[Verb("types", HelpText = "List the parents of this host, their types by name, and what is available.")]
internal sealed class TypesVerb
{
    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; set; }

    public int Run(Root root)
    {
        var place = Workplace.Open(root, "types");
        var host = HostReader.ReadAll(root);
        var occupancy = Occupancy.Of(host, place.Records.Domains().Concat(place.Records.Removing()).Concat(place.Records.Reservations()));
        if (Json)
            Listing.Print(Listing.Array(host.Parents.Select(p => ParentJson(place.Settings, occupancy, p))));
        else if (host.Parents.Length == 0)
            Console.WriteLine("No parent of mediated devices is on this host; load the vendor's driver.");
        else
            foreach (var parent in host.Parents)
                Print(place.Settings, occupancy, parent);
        return 0;
    }

    private static void Print(HostSettings settings, Occupancy occupancy, Parent parent)
    {
        Console.WriteLine($"{parent.Name}  {parent.Dialect.Name}" + (IsExcluded(settings, parent) ? "  excluded by the configuration" : ""));
        if (!parent.HasTypes)
            Console.WriteLine("  no predefined types: declare this parent without a type");
        Listing.Print([.. parent.Types.Select(t => new[] { t.Id.ToString(), t.Name ?? "-", Available(occupancy, parent, t), Short(t.Description) })], "  ");
    }

    private static string Available(Occupancy occupancy, Parent parent, MdevType type) =>
        occupancy.WhyFull(parent, type) ?? $"{Count(occupancy, parent, type)} available";

    private static string Count(Occupancy occupancy, Parent parent, MdevType type) =>
        occupancy.Left(parent, type) is int.MaxValue and var _ ? "any number" : $"{occupancy.Left(parent, type)}";

    private static string Short(string? description) => description?.ReplaceLineEndings(", ") ?? "";

    private static bool IsExcluded(HostSettings settings, Parent parent) => settings.ExcludedParents.Any(parent.IsExcludedBy);

    private static JsonObject ParentJson(HostSettings settings, Occupancy occupancy, Parent parent) => new()
    {
        ["parent"] = parent.Name.ToString(),
        ["gpu"] = parent.Gpu.ToString(),
        ["dialect"] = parent.Dialect.Name,
        ["excluded"] = IsExcluded(settings, parent),
        ["types"] = Listing.Array(parent.Types.Select(t => TypeJson(occupancy, parent, t))),
    };

    private static JsonObject TypeJson(Occupancy occupancy, Parent parent, MdevType type) => new()
    {
        ["id"] = type.Id.ToString(),
        ["name"] = type.Name,
        ["device_api"] = type.DeviceApi,
        ["available"] = occupancy.WhyFull(parent, type) is not null ? 0 : occupancy.Left(parent, type) is var left and < int.MaxValue ? left : null,
        ["why_not"] = occupancy.WhyFull(parent, type),
        ["available_instances"] = type.AvailableInstances,
        ["max_instances"] = type.MaxInstances,
        ["description"] = type.Description,
    };
}
