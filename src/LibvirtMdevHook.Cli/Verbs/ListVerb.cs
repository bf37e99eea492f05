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
        var context = OperationContext.Open(root, "list");
        var records = context.Records.Removing().Concat(context.Records.Domains()).Concat(context.Records.Reservations()).ToArray();
        var host = HostReader.Read(root, (_, _) => true, new TypeFilter([]), [], everyVf: true);
        var rows = ListedDevice.All(root, host, records).Select(listed => Row.Of(listed, root));
        Print([.. rows.OrderBy(r => r.Device, StringComparer.Ordinal)]);
        foreach (var (gpu, silent) in host.Silent)
            Terminal.Fail($"the GPU '{gpu}' is left out: {silent.What}; {SilentGpu.Remedy}");
        return host.Silent.IsEmpty ? 0 : 1;
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
    private sealed record Row(string Device, string? Domain, string? DomainUuid, string Parent, string? Type, string State, string? Holder)
    {
        public static Row Of(ListedDevice listed, Root root)
        {
            var claim = listed.Claim;
            var type = claim is null ? listed.Seen?.Type?.ToString() : claim.Type?.Title;
            var group = claim is null ? listed.Seen?.Group : VfioGroup.Of(root, claim.Device, claim.Parent);
            return new Row(
                listed.Device.ToString(),
                listed.Record?.Name,
                listed.Record?.Domain.ToString("D"),
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
