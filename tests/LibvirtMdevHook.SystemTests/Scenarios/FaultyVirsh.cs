using LibvirtMdevHook.SystemTests.Lab;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>A virsh that does something else in certain calls; in all others it is the real one.</summary>
internal sealed class FaultyVirsh : IDisposable
{
    private readonly string _place;

    /// <param name="call">The calls, as a shell pattern for all arguments in one string, such as <c>*attach-device*--live</c>.</param>
    /// <param name="lines">Shell commands that run then; the real virsh follows unless they exit.</param>
    /// <param name="nth">Which of these calls, from 1.</param>
    public FaultyVirsh(HermeticLibvirtd lab, string call, string lines, int nth = 1)
    {
        _place = Directory.CreateDirectory(Path.Combine(lab.Folder, "virsh", Path.GetRandomFileName())).FullName;
        var file = Path.Combine(_place, "virsh");
        File.WriteAllText(file, $"""
            #!/bin/sh
            case "$*" in
              {call})
                echo >>{_place}/calls
                if [ $(wc -l <{_place}/calls) -eq {nth} ]; then
                  {lines}
                fi
                ;;
            esac
            exec /usr/bin/virsh "$@"

            """);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>The folder to put first in PATH.</summary>
    public string Folder => _place;

    public bool WasMet => File.Exists(Path.Combine(_place, "calls"));

    public static FaultyVirsh Failing(HermeticLibvirtd lab, string call, int nth = 1) =>
        new(lab, call, "echo 'error: out of order' >&2; exit 1", nth);

    /// <summary>Kills its caller, before the real virsh runs or after it.</summary>
    public static FaultyVirsh Killing(HermeticLibvirtd lab, string call, bool when, int nth = 1) =>
        new(lab, call, (when ? "/usr/bin/virsh \"$@\"; " : "") + "kill -KILL $PPID; exit 1", nth);

    public void Dispose() => Directory.Delete(_place, recursive: true);
}
