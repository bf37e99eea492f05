using System.Text.Json.Nodes;
using CommandLine;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Operations;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Cli;

/// <summary>virt-mdev list: which devices there are, whose they are, and what holds up those that should be gone.</summary>
[Verb("list", HelpText = "List the devices of this host, their domains and states, foreign ones too.")]
internal sealed class ListVerb
{
    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; set; }

    public int Run(Root root)
    {
        var place = Workplace.Open(root, "list");
        var rows = Rows(root, place.Records).OrderBy(r => r.Device, StringComparer.Ordinal).ToArray();
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
        var known = new HashSet<DeviceId>();
        foreach (var record in records.Removing().Concat(records.Domains()).Concat(records.Reservations()))
        {
            foreach (var claim in record.Claims.Where(c => known.Add(c.Device)))
                yield return Row.Of(record, claim, MdevDevice.Look(root, claim.Device), root);
        }

        foreach (var name in Sysfs.List(root.MdevDevices).Concat(Sysfs.List(root.PciDevices).Where(name => VirtualFunction.Is(root.PciDevices / name))))
        {
            if (DeviceId.TryParse(name.ToString(), out var id) && !known.Contains(id) && MdevDevice.Look(root, id) is { } device)
                yield return Row.Foreign(device, root);
        }
    }

    /// <summary>One device.</summary>
    private sealed record Row(string Device, string? Domain, string? DomainUuid, string Parent, string? Type, string State, string? Holder)
    {
        public static Row Of(Record record, Claim claim, MdevDevice? device, Root root)
        {
            var state = record.Expires is not null ? "reserved for a domain that may be coming here"
                : device is null ? claim.Stage == Stage.Leaving ? "being removed, not to be seen any more" : $"{Word.Of(claim.Stage)}, missing"
                : !claim.Proves(device) ? "another device has its name"
                : claim.IsForeign ? $"{Word.Of(claim.Stage)}, foreign"
                : claim.Stage == Stage.Leaving ? "being removed"
                : Word.Of(claim.Stage);
            return new Row(
                claim.Device.ToString(), record.Name, record.Domain.ToString("D"), PlaceOf(claim.Device, claim.Gpu, claim.Parent), claim.Type?.Title, state,
                GroupNode.Holder(root, GroupNode.Of(root, claim.Device, claim.Parent)));
        }

        public static Row Foreign(MdevDevice device, Root root) => new(
            device.Id.ToString(), null, null, PlaceOf(device.Id, Sysfs.LinkName(device.Path / "physfn"), device.Parent), device.Type?.ToString(), "foreign", GroupNode.Holder(root, device.Group));

        /// <summary>A VF is its own parent; what a person wants to know is its GPU.</summary>
        private static string PlaceOf(DeviceId device, SysfsName? gpu, SysfsName parent) => (device.Address is null ? parent : gpu ?? parent).ToString();

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
