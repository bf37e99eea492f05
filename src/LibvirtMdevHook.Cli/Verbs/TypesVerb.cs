using System.Text.Json.Nodes;
using CommandLine;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Reports;
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
            Listing.PrintLines(new TypeListing(host, capacity, p => IsExcluded(context.Settings, p), Output.Width).Lines());
        return 0;
    }

    private static bool IsExcluded(HostSettings settings, Parent parent) => settings.ExcludedParents.Any(parent.IsOn);

    private static JsonObject ParentJson(HostSettings settings, Host host, Capacity capacity, Parent parent) => new()
    {
        ["parent"] = parent.Name.ToString(),
        ["gpu"] = parent.Gpu.ToString(),
        ["dialect"] = parent.Dialect.Name,
        ["excluded"] = IsExcluded(settings, parent),
        ["trouble"] = parent.Reason?.Text,
        ["current_type"] = parent.Dialect == Dialect.Vf ? ListedVfs.CurrentType(host, capacity, parent) : null,
        ["types"] = Listing.Array(parent.Types.Select(t => TypeJson(capacity, parent, t))),
        ["hidden_types"] = Listing.Array(Hidden(host, capacity, parent).Select(HiddenJson)),
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

    /// <summary>A VF that has a type offers no other, so it hides none.</summary>
    private static IEnumerable<ListedType> Hidden(Host host, Capacity capacity, Parent parent) =>
        ListedVfs.CurrentType(host, capacity, parent) is null ? ListedType.HiddenOn(parent, capacity) : [];

    private static JsonObject HiddenJson(ListedType hidden) => new()
    {
        ["id"] = hidden.Type.Id.ToString(),
        ["name"] = hidden.Type.Name,
        ["why_not"] = hidden.WhyNot?.Text,
    };
}
