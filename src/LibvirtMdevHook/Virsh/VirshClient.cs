using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Virsh;

/// <summary>
/// libvirt on this host, by way of virsh. Every call has a time limit: libvirtd may be busy, or
/// wait for a hook of ours. None is made while a lock is held that a hook's worker may want.
/// </summary>
internal sealed class VirshClient
{
    /// <summary>Where virsh finds what it is given to read; a bare /dev has no stdin.</summary>
    public const string Input = "/proc/self/fd/0";

    private const string NotFound = "'virsh' is in no absolute folder of PATH; "
        + "install libvirt's clients ('libvirt-clients' or 'libvirt-client'), or add the folder in which it lies to PATH";

    private const string UriVariable = "LIBVIRT_DEFAULT_URI";
    private const string SystemUri = "qemu:///system";

    private readonly string _uri;
    private readonly TimeSpan _limit;
    private readonly WaitNotice _waitNotice;

    private VirshClient(string uri, TimeSpan limit, WaitNotice waitNotice) => (_uri, _limit, _waitNotice) = (uri, limit, waitNotice);

    /// <param name="limit">How long each call may take.</param>
    /// <param name="problem">
    /// Why not, as a sentence: devices are made on this host, and another libvirtd knows nothing of
    /// its domains.
    /// </param>
    /// <returns>Null when the environment names another connection than this host's.</returns>
    public static VirshClient? OfThisHost(TimeSpan limit, WaitNotice waitNotice, out string problem)
    {
        var uri = Environment.GetEnvironmentVariable(UriVariable) is { Length: > 0 } named ? named : SystemUri;
        var isHere = uri == SystemUri || uri.StartsWith(SystemUri + "?", StringComparison.Ordinal);
        problem = isHere ? "" : $"{UriVariable} is '{uri}', but devices are made for domains of '{SystemUri}' on this host; unset it";
        return isHere ? new VirshClient(uri, limit, waitNotice) : null;
    }

    /// <param name="domain">A name, a uuid or an id, as with virsh.</param>
    /// <param name="isDefined">What is defined for the next start, not what runs.</param>
    public VirshAnswer<EditableDomain> Domain(string domain, bool isDefined = false)
    {
        var answer = Run(["dumpxml", $"--domain={domain}", .. isDefined ? ["--inactive"] : Array.Empty<string>()]);
        if (answer.Value is not { } xml)
            return new VirshAnswer<EditableDomain>(null, answer.Reason, answer.IsSilent);
        try
        {
            return new VirshAnswer<EditableDomain>(EditableDomain.Parse(xml), "", IsSilent: false);
        }
        catch (DomainXmlException e)
        {
            var reason = $"the XML of the domain '{domain}' cannot be taken: {e.Problems[0]}";
            return new VirshAnswer<EditableDomain>(null, reason, IsSilent: false);
        }
    }

    /// <returns>The uuids of all domains that run.</returns>
    public VirshAnswer<HashSet<Guid>> Active()
    {
        var answer = Run(["list", "--uuid"]);
        var uuids = answer.Value?.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => Guid.TryParse(line, out var uuid) ? uuid : Guid.Empty).ToHashSet();
        return new VirshAnswer<HashSet<Guid>>(uuids, answer.Reason, answer.IsSilent);
    }

    /// <param name="input">What it reads from <see cref="Input"/>.</param>
    /// <param name="until">
    /// When a call ends that waits for more than libvirtd; it has the time that every call has in
    /// any case.
    /// </param>
    public VirshAnswer<string> Run(string[] arguments, string input = "", Deadline until = default)
    {
        if (SearchPath.Find("virsh") is not { } program)
            return new VirshAnswer<string>(null, NotFound, IsSilent: false);
        using var notice = _waitNotice.WaitingFor(() => $"'virsh {arguments[0]}'");
        try
        {
            var outcome = ChildProgram.Run(program, ["-q", "-c", _uri, .. arguments], input, Deadline.After(_limit).AtLeast(until));
            return outcome.Status switch
            {
                0 => new VirshAnswer<string>(outcome.Output, "", IsSilent: false),
                null => new VirshAnswer<string>(null, $"'virsh {arguments[0]}' has not ended in time", IsSilent: true),
                // Ctrl-C ends virsh too, while libvirtd goes on with what it was asked.
                > 128 => new VirshAnswer<string>(null, $"'virsh {arguments[0]}' was broken off", IsSilent: true),
                _ => new VirshAnswer<string>(null, OneSentence(outcome), IsSilent: false),
            };
        }
        catch (IOException e)
        {
            return new VirshAnswer<string>(null, e.Message, IsSilent: false);
        }
    }

    /// <summary>
    /// virsh says what it was about, and then what libvirt says, each after 'error: '.
    /// </summary>
    private static string OneSentence(ChildOutcome outcome)
    {
        var lines = outcome.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.StartsWith("error: ", StringComparison.Ordinal) ? line["error: ".Length..] : line).ToArray();
        return lines.Length > 0 ? OneLine.Of(string.Join(": ", lines)) : $"virsh ended with status {outcome.Status}";
    }
}

/// <summary>What came of a call of virsh.</summary>
/// <param name="Value">Null when there is trouble.</param>
/// <param name="Reason">As half a sentence; empty when there is none.</param>
/// <param name="IsSilent">
/// virsh did not end in time: what it was to do may have happened, or happen later.
/// </param>
internal sealed record VirshAnswer<T>(T? Value, string Reason, bool IsSilent) where T : class;
