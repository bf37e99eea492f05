using System.Diagnostics.CodeAnalysis;
using CommandLine;
using LibvirtMdevHook.Cli.Verbs;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>
/// The verbs of virt-mdev. Exit status: 0 as asked, 1 a problem or a refusal, 2 a command line that
/// is not understood.
/// </summary>
internal sealed class VerbTable
{
    private const DynamicallyAccessedMemberTypes Kept =
        DynamicallyAccessedMemberTypes.PublicParameterlessConstructor | DynamicallyAccessedMemberTypes.PublicProperties;

    private readonly List<Type> _types = [];
    private readonly Dictionary<Type, Func<object, int>> _runs = [];

    public static int Run(string[] args)
    {
        var root = Root.FromEnvironment();
        var verbs = new VerbTable();
        verbs.Add<TypesVerb>(verb => verb.Run(root));
        verbs.Add<ListVerb>(verb => verb.Run(root));
        verbs.Add<CheckVerb>(verb => verb.Run(root));
        verbs.Add<PlanVerb>(verb => verb.Run(root));
        verbs.Add<RenderVerb>(verb => verb.Run(root));
        verbs.Add<RetargetVerb>(verb => verb.Run(root));
        verbs.Add<AttachVerb>(verb => verb.Run(root));
        verbs.Add<DetachVerb>(verb => verb.Run(root));
        verbs.Add<ReconcileVerb>(verb => verb.Run(root));
        verbs.Add<DoctorVerb>(verb => verb.Run(root));
        verbs.Add<MetricsVerb>(verb => verb.Run(root));
        try
        {
            // Unlike with the parser's default, an option such as --attr may be given several
            // times.
            using var help = new StringWriter();
            using var parser = new Parser(with => (with.AllowMultiInstance, with.HelpWriter) = (true, help));
            var parsed = parser.ParseArguments(args, [.. verbs._types]);
            // What it says about a mistake quotes the command line.
            if (help.ToString() is { Length: > 0 } lines)
                Output.WriteErrors(lines);
            return parsed.MapResult(
                verb => verbs._runs[verb.GetType()](verb),
                errors => errors.Any(IsHelpOrVersion) ? 0 : 2);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Terminal.Fail(e.Message);
        }
    }

    /// <summary>The parser returns a request for help or the version as an error.</summary>
    private static bool IsHelpOrVersion(Error error) =>
        error.Tag is ErrorType.HelpRequestedError or ErrorType.HelpVerbRequestedError or ErrorType.VersionRequestedError;

    /// <summary>
    /// The parser finds a verb's constructor and options by reflection; the annotation keeps them
    /// when the program is trimmed.
    /// </summary>
    private void Add<[DynamicallyAccessedMembers(Kept)] T>(Func<T, int> run) where T : new()
    {
        _types.Add(typeof(T));
        _runs[typeof(T)] = verb => run((T)verb);
    }
}
