using System.Text.Json.Nodes;
using CommandLine;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
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
        var all = context.Records.ReadAll();
        var host = HostReader.ReadAll(root, new TypeFilter([]));
        ListedDevice[] devices =
            [.. ListedDevice.All(root, host, all.Removals.Concat(all.Domains).Concat(all.Reservations), all.Newer)];
        var names = TypeNames.Of(root, host, devices);
        var holders = new VfioHolders(root);
        Row[] rows = [.. devices.Select(listed => Row.Of(listed, names, root, holders)).OrderBy(r => r.Device, StringComparer.Ordinal)];
        Print(rows);
        if (rows.FirstOrDefault(row => row.Unknown is not null) is { } first)
            Terminal.Tell($"'{first.Device}': {first.Unknown}");
        SilentGpu[] allSilent = [.. host.Silent.Values.Concat(names.Silent).DistinctBy(silent => silent.WhyLeftOut)];
        foreach (var silent in allSilent)
            Terminal.Tell($"{silent.WhyLeftOut}; {SilentGpu.Remedy}");
        return allSilent.Length == 0 ? 0 : 1;
    }

    private void Print(Row[] rows)
    {
        if (Json)
            Listing.Print(Listing.Array(rows.Select(r => r.ToJson())));
        else if (rows.Length == 0)
            Output.WriteLine("No mediated device and no VF with a type is on this host, and no record of one.");
        else
            Listing.Print([["DEVICE", "DOMAIN", "PARENT", "TYPE", "STATE"], .. rows.Select(r => r.Cells())]);
    }

    /// <summary>One device.</summary>
    private sealed record Row(
        string Device,
        string? Domain,
        string? DomainUuid,
        string Parent,
        string? Type,
        string? TypeId,
        string? TypeName,
        string State,
        string? Holder)
    {
        /// <summary>Why it cannot be told whether a process holds it; null where it can.</summary>
        public string? Unknown { get; private init; }

        public static Row Of(ListedDevice listed, TypeNames names, Root root, VfioHolders holders)
        {
            var claim = listed.Claim;
            var type = claim is null ? listed.Seen?.Type : claim.Type?.Id;
            var name = claim is null ? names.Find(listed.Device) : claim.Type?.Name;
            var nodes = listed.Seen?.Nodes ?? VfioNodes.Of(root, listed.Device, claim?.Parent ?? listed.Place);
            var holder = holders.Of(nodes);
            return new Row(
                listed.Device.ToString(),
                listed.DomainName,
                listed.Domain?.ToString("D"),
                listed.Place.ToString(),
                claim is null ? type?.ToString() : claim.Type?.Title,
                type?.ToString(),
                name,
                listed.StateText,
                holder?.Text)
            {
                Unknown = holder is null ? holders.WhyNotFree(nodes)?.Text : null,
            };
        }

        public string[] Cells() =>
        [
            Device,
            Domain ?? "-",
            Parent,
            TypeName ?? TypeId ?? "-",
            State + HolderInWords(),
        ];

        public JsonObject ToJson() => new()
        {
            ["device"] = Device,
            ["domain"] = Domain,
            ["domain_uuid"] = DomainUuid,
            ["parent"] = Parent,
            ["type"] = Type,
            ["state"] = State,
            ["held_by"] = Holder,
            ["type_id"] = TypeId,
            ["type_name"] = TypeName,
            ["holder_unknown"] = Unknown,
        };

        private string HolderInWords()
        {
            if (Holder is not null)
                return $", held by {Holder}";
            return Unknown is null ? "" : ", perhaps held";
        }
    }
}
