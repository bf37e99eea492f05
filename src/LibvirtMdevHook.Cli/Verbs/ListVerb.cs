using System.Text.Json.Nodes;
using CommandLine;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Reports;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>
/// virt-mdev list: the devices of this host, their domains, and what keeps a removal from its end.
/// </summary>
[Verb("list", HelpText = "List the devices of this host, their domains and states, foreign ones too.")]
internal sealed class ListVerb
{
    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; set; }

    public int Run(Root root)
    {
        var context = OperationContext.Open(root, "list", Terminal.Tell);
        var rows = Rows(root, context.Records).OrderBy(r => r.Device, StringComparer.Ordinal).ToArray();
        if (Json)
            Listing.Print(Listing.Array(rows.Select(r => r.ToJson())));
        else if (rows.Length == 0)
            Console.WriteLine("No mediated device and no VF with a type is on this host, and no record of one.");
        else
            Listing.Print([["DEVICE", "DOMAIN", "PARENT", "TYPE", "STATE"], .. rows.Select(r => r.Cells())]);
        return 0;
    }

    private static IEnumerable<Row> Rows(Root root, RecordStore records)
    {
        var vfs = HostFile.List(root.PciDevices).Where(name => VirtualFunction.Is(root.PciDevices / name));
        var existing = HostFile.List(root.MdevDevices).Concat(vfs).Select(IdOf).OfType<DeviceId>();
        var all = records.ReadAll();
        var devices = ListedDevice.All(
            all.Removals.Concat(all.Domains).Concat(all.Reservations),
            all.Newer,
            existing,
            id => HostDevice.Look(root, id),
            vf => HostFile.LinkName(vf.Path / "physfn"));
        return devices.Select(listed => Row.Of(listed, root));
    }

    private static DeviceId? IdOf(SysfsName name) => DeviceId.TryParse(name.ToString(), out var id) ? id : null;

    /// <summary>One device.</summary>
    private sealed record Row(string Device, string? Domain, string? DomainUuid, string Parent, string? Type, string State, string? Holder)
    {
        public static Row Of(ListedDevice listed, Root root)
        {
            var claim = listed.Claim;
            var type = claim is null ? listed.Seen?.Type?.ToString() : claim.Type?.Title;
            var group = listed.Seen?.Group;
            if (claim is not null || listed.Newer is not null)
                group = VfioGroup.Of(root, listed.Device, claim?.Parent ?? listed.Place);
            return new Row(
                listed.Device.ToString(),
                listed.DomainName,
                listed.Domain?.ToString("D"),
                listed.Place.ToString(),
                type,
                listed.StateText,
                VfioGroup.Holder(root, group));
        }

        public string[] Cells() => [Device, Domain ?? "-", Parent, Type ?? "-", Holder is null ? State : $"{State}, held by {Holder}"];

        public JsonObject ToJson() => new()
        {
            ["device"] = Device,
            ["domain"] = Domain,
            ["domain_uuid"] = DomainUuid,
            ["parent"] = Parent,
            ["type"] = Type,
            ["state"] = State,
            ["held_by"] = Holder,
        };
    }
}
