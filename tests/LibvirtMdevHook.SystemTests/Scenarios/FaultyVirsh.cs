using LibvirtMdevHook.SystemTests.Lab;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>A virsh that does something else when it is called for a certain thing; for all else it is the real one.</summary>
internal sealed class FaultyVirsh : IDisposable
{
    private readonly string _place;

    /// <param name="call">Which calls, as a pattern of the shell for all arguments in a row, such as <c>*attach-device*--live</c>.</param>
    /// <param name="lines">What happens then, in the shell; the real one follows where they do not end it.</param>
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

    /// <summary>The folder that is to come first in PATH.</summary>
    public string Folder => _place;

    public bool WasMet => File.Exists(Path.Combine(_place, "calls"));

    public static FaultyVirsh Failing(HermeticLibvirtd lab, string call, int nth = 1) =>
        new(lab, call, "echo 'error: out of order' >&2; exit 1", nth);

    /// <summary>Kills whoever called it, instead of doing its work or when it is done.</summary>
    public static FaultyVirsh Killing(HermeticLibvirtd lab, string call, bool when, int nth = 1) =>
        new(lab, call, (when ? "/usr/bin/virsh \"$@\"; " : "") + "kill -KILL $PPID; exit 1", nth);

    public void Dispose() => Directory.Delete(_place, recursive: true);
}
