using System.Text.Json.Nodes;
using CommandLine;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>
/// virt-mdev plan: what prepare would do for a domain here and now, and for what reason it takes
/// each parent or not.
/// </summary>
[Verb("plan", HelpText = "Show what starting a domain would do on this host now, parent by parent; nothing is changed.")]
internal sealed class PlanVerb
{
    [Value(0, MetaName = "FILE", Required = true, HelpText = "A domain XML, or '-' for standard input "
        + "('virsh dumpxml DOMAIN | virt-mdev plan -').")]
    public string File { get; set; } = "";

    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; set; }

    public int Run(Root root)
    {
        if (DomainFile.Read(root, File) is not { } domain)
            return 1;
        var plan = domain.Declaration is { } declaration
            ? Planner.Make(PlanInputReader.Preview(OperationContext.Open(root, "plan", Terminal.Tell), domain, declaration))
            : new Plan(null, [], []);
        if (Json)
            Listing.Print(ToJson(domain, plan));
        else
            Print(domain, plan);
        return plan.Refusals.Length > 0 ? 1 : 0;
    }

    private static void Print(Domain domain, Plan plan)
    {
        foreach (var device in plan.Candidates.GroupBy(c => c.Device))
        {
            Output.WriteLine($"{device.Key}:");
            Listing.Print([.. device.Select(c => Cells(plan, c))], "  ");
        }

        if (domain.Declaration is null)
            Output.WriteLine("no devices are declared");
        foreach (var line in plan.Lines)
            Output.WriteLine(line);
    }

    private static string[] Cells(Plan plan, Candidate candidate) =>
    [
        candidate.Parent.Name.ToString(),
        candidate.Type?.Id.ToString() ?? "-",
        Verdict(plan, candidate),
    ];

    private static string Verdict(Plan plan, Candidate candidate)
    {
        if (!candidate.Fits)
            return $"no: {candidate.Reason}";
        return IsChosen(plan, candidate) ? $"chosen: {candidate.Ranking}" : $"fits: {candidate.Ranking}";
    }

    private static bool IsChosen(Plan plan, Candidate candidate) =>
        plan.Record?.Claims.Any(c => c.Device == candidate.Device && c.Parent == candidate.Parent.Name) == true;

    private static JsonObject ToJson(Domain domain, Plan plan) => new()
    {
        ["domain"] = domain.Name,
        ["domain_uuid"] = domain.Uuid == Guid.Empty ? null : domain.Uuid.ToString("D"),
        ["refusals"] = Listing.Array(plan.Refusals.Select(RefusalJson)),
        ["devices"] = Listing.Array((plan.Record?.Claims ?? []).Select(ClaimJson)),
        ["candidates"] = Listing.Array(plan.Candidates.Select(c => CandidateJson(plan, c))),
        ["steps"] = Listing.Array(plan.Lines.Select(line => (JsonNode)line)),
    };

    private static JsonObject RefusalJson(Refusal refusal) => new() { ["device"] = refusal.Device?.ToString(), ["text"] = refusal.Text };

    private static JsonObject CandidateJson(Plan plan, Candidate candidate) => new()
    {
        ["device"] = candidate.Device.ToString(),
        ["parent"] = candidate.Parent.Name.ToString(),
        ["type"] = candidate.Type?.Id.ToString(),
        ["chosen"] = IsChosen(plan, candidate),
        ["why_not"] = candidate.Reason?.Text,
        ["merits"] = candidate.Fits ? candidate.Ranking : null,
    };

    private static JsonObject ClaimJson(Claim claim) => new()
    {
        ["device"] = claim.Device.ToString(),
        ["parent"] = claim.Parent.ToString(),
        ["dialect"] = claim.Dialect.Name,
        ["type"] = claim.Type?.Id.ToString(),
        ["name"] = claim.Type?.Name,
        ["args"] = claim.Args.Length > 0 ? claim.Args : null,
        ["foreign"] = claim.IsForeign,
    };
}
